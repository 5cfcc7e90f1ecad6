// A credential that was lost, rotated or revoked: `bulkhead status` says what to do, and doing just
// that helps, for each backend, in a confined worker.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

class Credentials : public Pair {
  protected:
    explicit Credentials(reference::ReferenceBackend::Options options = {})
        : Pair(std::move(options)) {}

    void SetUp() override {
        Pair::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(::mkdir((place() / "keys").c_str(), 0755), 0);
        ASSERT_EQ(::mkdir((place() / "elsewhere").c_str(), 0755), 0);
        // Of "elsewhere" policy knows nothing.
        place().let_backends_have(place() / "keys", dialect());
        place().append("policy/credentials.policy",
                       "file " + (place() / "install-token") + " backend " + dialect() +
                           "  # test\nfile " + (place() / "sensor-agent.env") + " backend " +
                           dialect() + "  # test\n");
    }
    virtual std::string dialect() = 0;
    virtual std::string dialect_settings() = 0;
    std::string configuration() override {
        return "backend:\n  url: " + backend().url() + "\n  ca_file: " + backend().ca_file() +
               "\n" + dialect_settings() + "heartbeat_interval: 1s\n";
    }
    void put(const std::string& file, const std::string& secret) {
        const auto fresh = file + ".new";
        place().write(fresh, secret + "\n");
        ASSERT_EQ(::chmod((place() / fresh).c_str(), 0600), 0);
        ASSERT_EQ(::rename((place() / fresh).c_str(), (place() / file).c_str()), 0);
    }
    std::string kept() {
        return "state/workers/" + dialect() + "/credentials/" + dialect() + ".credential";
    }

    // What it says of the one backend, for people.
    std::string trouble() {
        const auto told = json::parse(status(), nullptr, false);
        return told.is_object() ? told["backends"][0].value("enrollment_trouble", "") : "";
    }
    testing::AssertionResult says(const std::string& text) {
        if (eventually([&] { return trouble().find(text) != std::string::npos; }, kPatience)) {
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << "\"" << text << "\" is not in \"" << trouble() << '"';
    }
    testing::AssertionResult all_is_well() {
        if (eventually([&] { return trouble().empty(); }, kPatience)) {
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << trouble();
    }
    void restart() {
        ASSERT_EQ(stop(), 0);
        start();
    }
};

// --- grapheon

class GrapheonKey : public Credentials {
  protected:
    void SetUp() override {
        Credentials::SetUp();
        if (IsSkipped()) return;
        backend().add_enrollment_key("gaek_one");
        backend().set_grapheon_policy({{"jitter_seconds", 0}, {"checkin_interval_seconds", 3'600}});
        ASSERT_EQ(run_to_end({"--register-only"}), 0);
        ASSERT_TRUE(backend().change_grapheon_agent("", "approve"));
        ASSERT_EQ(run_to_end({"--register-only"}), 0);
    }
    std::string dialect() override { return "grapheon"; }
    std::string dialect_settings() override {
        return "  dialect: grapheon\n  install_token: gaek_one\n  credential_file: " +
               (place() / "keys/grapheon") + "\n  options:\n    timer_interval: 900s\n";
    }
    std::string rotate() { return *backend().change_grapheon_agent("", "rotate"); }
    std::string advice() { return "put the new one into " + (place() / "keys/grapheon") + ","; }
    std::size_t reports() { return backend().inventories().size(); }
    std::size_t agents() {
        return backend().read([](const State& state) { return state.grapheon.agents.size(); });
    }
};

TEST_F(GrapheonKey, ARotatedOneIsTakenByTheRunningServiceAndStaysOverARestart) {
    const auto key = rotate();
    start();
    ASSERT_TRUE(says("API key rejected: status 401"));
    EXPECT_TRUE(says(advice()));
    const auto first = worker_pid();
    put("keys/grapheon", key);
    ASSERT_TRUE(eventually([&] { return reports() >= 1; }, kPatience)) << "long before it is due";
    EXPECT_TRUE(all_is_well());
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(stop(), 0);
    EXPECT_EQ(run_to_end({"--force"}), 0) << "the file's key, not the older one of the state";
    EXPECT_EQ(agents(), 1U);
    EXPECT_EQ(log().find(key), std::string::npos);
}

TEST_F(GrapheonKey, ARotatedOneIsTakenByTheNextPassOfATimer) {
    ASSERT_EQ(run_to_end({"--once"}), 0);
    const auto before = reports();  // a large host's may be several
    const auto key = rotate();
    EXPECT_EQ(run_to_end({"--force"}), 1);
    EXPECT_EQ(reports(), before);
    put("keys/grapheon", key);
    EXPECT_EQ(run_to_end({"--force"}), 0);
    EXPECT_GT(reports(), before);
}

TEST_F(GrapheonKey, ALostOneIsExplainedAndARotatedOneTaken) {
    ASSERT_EQ(::unlink((place() / kept()).c_str()), 0);
    start();
    ASSERT_TRUE(says("issued this agent's API key before"));
    EXPECT_TRUE(says(advice()));
    restart();
    ASSERT_TRUE(says("issued this agent's API key before"));
    const auto first = worker_pid();
    put("keys/grapheon", rotate());
    ASSERT_TRUE(eventually([&] { return reports() >= 1; }, kPatience));
    EXPECT_TRUE(all_is_well());
    EXPECT_EQ(worker_pid(), first);
    EXPECT_EQ(agents(), 1U);
}

TEST_F(GrapheonKey, AnAgentThatIsDisabledAndEnabledKeepsItsKey) {
    ASSERT_TRUE(backend().change_grapheon_agent("", "disable"));
    EXPECT_EQ(run_to_end({"--once"}), 1);
    ASSERT_TRUE(backend().change_grapheon_agent("", "enable"));
    EXPECT_EQ(run_to_end({"--once"}), 0);
    EXPECT_GE(reports(), 1U);
}

// --- ravenxcope

class SensorToken : public Credentials {
  protected:
    SensorToken() : Credentials({.install_tokens = {"install-1", "install-2"}}) {}
    void SetUp() override {
        Credentials::SetUp();
        if (!IsSkipped()) put("install-token", "install-1");
    }
    std::string dialect() override { return "ravenxcope"; }
    std::string dialect_settings() override {
        return "  dialect: ravenxcope\n  install_token_file: " + (place() / "install-token") +
               "\n  credential_file: " + (place() / "keys/sensor") +
               "\n  options:\n    sensor_id: sensor-7\n    config_file: " +
               (place() / "sensor-agent.env") + "\n    address_probe: 127.0.0.1\n";
    }
    int enrolments() { return backend().enrolments().at(0).times; }
};

TEST_F(SensorToken, ANewOneIsTakenByTheRunningServiceAndStaysOverARestart) {
    start_enrolled();
    const auto first = worker_pid();
    ASSERT_TRUE(backend().give_credential("sensor-7", "token-of-an-admin"));
    ASSERT_TRUE(says("sensor token rejected: status 401"));
    EXPECT_TRUE(says("put the new one into " + (place() / "keys/sensor") + ","));
    put("keys/sensor", "token-of-an-admin");
    EXPECT_TRUE(all_is_well());
    EXPECT_EQ(worker_pid(), first);
    // Also where the original agent's file still holds an old one.
    put("sensor-agent.env", "SENSOR_TOKEN=long-gone");
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(enrolments(), 1);
}

TEST_F(SensorToken, ANewInstallTokenHelpsAsTheMessageSays) {
    start_enrolled();
    ASSERT_TRUE(backend().revoke("sensor-7"));
    ASSERT_TRUE(says("or, with a new install token, delete credentials/ravenxcope.credential in"));
    EXPECT_TRUE(says("put it into " + (place() / "install-token") + " and restart the agent"));
    ASSERT_EQ(::unlink((place() / kept()).c_str()), 0);
    put("install-token", "install-2");
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(enrolments(), 2);
    EXPECT_TRUE(wait_for_log((place() / "install-token") + " can be deleted", 2));
}

TEST_F(SensorToken, TheOneOfTheOriginalAgentsFileIsNamedWhenAnInstallTokenIsToCount) {
    put("sensor-agent.env", "SENSOR_TOKEN=long-gone");
    start();
    ASSERT_TRUE(says(", take the old one out of " + (place() / "sensor-agent.env") +
                     ", SENSOR_TOKEN, put it into " + (place() / "install-token")));
    put("sensor-agent.env", "");
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(enrolments(), 1);
}

TEST_F(SensorToken, ALostOneNeedsAnInstallToken) {
    start_enrolled();
    EXPECT_EQ(stop(), 0);
    ASSERT_EQ(::unlink((place() / kept()).c_str()), 0);
    start();
    ASSERT_TRUE(says("put it into " + (place() / "install-token") + " and restart the agent"));
    put("install-token", "install-2");
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_EQ(enrolments(), 2);
}

// --- hyprbox

class NodeToken : public Credentials {
  protected:
    NodeToken() : Credentials({.node_tokens = {{"hbnt_old", "node-7"}}}) {}
    void SetUp() override {
        Credentials::SetUp();
        if (!IsSkipped()) put("keys/node", "hbnt_old");
    }
    std::string dialect() override { return "hyprbox"; }
    std::string dialect_settings() override {
        return "  dialect: hyprbox\n  credential_file: " + (place() / "keys/node") +
               "\n  options:\n    node_id: node-7\n";
    }
};

TEST_F(NodeToken, ANewOneIsTakenByTheRunningServiceAndStaysOverARestart) {
    start_enrolled();
    const auto first = worker_pid();
    backend().remove_node_token("hbnt_old");
    ASSERT_TRUE(says("node token rejected: status 401"));
    EXPECT_TRUE(says("put the new one into " + (place() / "keys/node") + ","));
    backend().add_node_token("hbnt_new", "node-7");
    put("keys/node", "hbnt_new");
    EXPECT_TRUE(all_is_well());
    EXPECT_EQ(worker_pid(), first);
    const PinnedJob job{.name = "again", .script = "echo again\n"};
    pin(job);
    reload();
    const auto id = queue({.dialect = "hyprbox", .target = "node-7", .script = job.script});
    EXPECT_EQ(result_of(id)["status"], "SUCCEEDED") << "jobs go on as well";
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
}

TEST_F(NodeToken, ALostOneStopsTheStartAndNamesItsFile) {
    ASSERT_EQ(::unlink((place() / "keys/node").c_str()), 0);
    EXPECT_EQ(run_to_end({}), 2);
    EXPECT_TRUE(wait_for_log("credential_file: " + (place() / "keys/node") + " does not exist"));
}

// --- lunasentri; more of it in lunasentri_test.cpp

class MachineKey : public Credentials {
  protected:
    MachineKey() : Credentials({.api_keys = {{"key-one", "web-01"}}}) {}
    void SetUp() override {
        Credentials::SetUp();
        if (!IsSkipped()) put("elsewhere/key", "key-one");
    }
    std::string dialect() override { return "lunasentri"; }
    std::string dialect_settings() override {
        return "  dialect: lunasentri\n  credential_file: " + (place() / "elsewhere/key") + "\n";
    }
};

// As after its row was withdrawn: the host keeps an agent, which says so, and a reload mends it.
TEST_F(MachineKey, InAPlaceThatPolicyDoesNotNameIsToldAndMendedByAReload) {
    const auto file = place() / "elsewhere/key";
    start();
    EXPECT_TRUE(wait_for_log("worker-confined"));
    EXPECT_TRUE(wait_for_log("credential_file: " + file + ": no row of policy/credentials.policy"));
    EXPECT_TRUE(backend().requests().empty());
    place().append("policy/credentials.policy", "file " + file + " backend lunasentri  # test\n");
    reload();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_TRUE(all_is_well());
}

// --- bulkhead

class OwnCredential : public Credentials {
  protected:
    OwnCredential() : Credentials({.install_tokens = {"token-1"}}) {}
    void SetUp() override {
        Credentials::SetUp();
        if (!IsSkipped()) put("install-token", "token-1");
    }
    std::string dialect() override { return "bulkhead"; }
    std::string dialect_settings() override {
        return "  dialect: bulkhead\n  install_token_file: " + (place() / "install-token") + "\n";
    }
};

// The token that enrolled this host does so again; another would make it another agent.
TEST_F(OwnCredential, ARevokedOneIsReplacedWithAnInstallToken) {
    start_enrolled();
    // As the log says.
    ASSERT_TRUE(wait_for_log((place() / "install-token") + " can be deleted"));
    ASSERT_EQ(::unlink((place() / "install-token").c_str()), 0);
    restart();  // now it remembers no token
    ASSERT_TRUE(wait_for_heartbeats(1));
    ASSERT_TRUE(backend().revoke(backend().enrolments().at(0).agent_id));
    ASSERT_TRUE(says("credential rejected: status 401"));
    ASSERT_TRUE(says("put it into " + (place() / "install-token") + " and restart the agent"));
    put("install-token", "token-1");
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
    EXPECT_TRUE(all_is_well());
    EXPECT_TRUE(wait_for_log((place() / "install-token") + " can be deleted", 2));
}

TEST_F(OwnCredential, ALostOneNeedsAnInstallToken) {
    start_enrolled();
    EXPECT_EQ(stop(), 0);
    ASSERT_EQ(::unlink((place() / kept()).c_str()), 0);
    ASSERT_EQ(::unlink((place() / "install-token").c_str()), 0);
    start();
    ASSERT_TRUE(says("put it into " + (place() / "install-token") + " and restart the agent"));
    put("install-token", "wrong");
    restart();
    ASSERT_TRUE(says("if another install token is needed, put it into " +
                     (place() / "install-token") + " and restart the agent"));
    put("install-token", "token-1");
    restart();
    EXPECT_TRUE(wait_for_heartbeats(1));
}

// systemd.exec(5), LoadCredential=: the directory and its files are root's, 0500 and 0400.
TEST_F(OwnCredential, WhatTheServiceManagerHandsOverIsRead) {
    place().append("policy/credentials.policy",
                   "file $CREDENTIALS_DIRECTORY/NAME.*  # as the shipped policy has it\n");
    auto text = place().read("agent.yaml");
    const std::string named = place() / "install-token";
    ASSERT_NE(text.find(named), text.npos);
    text.replace(text.find(named), named.size(), "$CREDENTIALS_DIRECTORY/" + dialect() + ".token");
    place().write("agent.yaml", text);
    put("elsewhere/" + dialect() + ".token", "token-1");
    ::chmod((place() / ("elsewhere/" + dialect() + ".token")).c_str(), 0400);
    ::chmod((place() / "elsewhere").c_str(), 0500);
    start({}, {{"CREDENTIALS_DIRECTORY", place() / "elsewhere"}});
    EXPECT_TRUE(wait_for_heartbeats(1)) << log();
}

}  // namespace
}  // namespace bulkhead::test
