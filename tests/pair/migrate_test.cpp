// What `bulkhead migrate` makes of an old installation, installed and started.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/backend/test_client.hpp"
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kWorker = kFirstWorker;

class Migrated : public Pair {
  protected:
    // Without TLS: the old agents trusted the system's authorities, and so the test's would have to
    // be one of them.
    Migrated()
        : Pair({.tls = false,
                .node_tokens = {{"hbnt_old", "node-7"}},
                .api_keys = {{"luna-old", "web-01"}}}) {}
    std::string configuration() override { return ""; }

    void old_file(const std::string& name, const std::string& content) {
        fs::create_directories(fs::path(place() / ("old/" + name)).parent_path());
        place().write("old/" + name, content);
    }
    // Runs it and puts the files where its last lines say, but below this test's directory.
    void migrate(const std::string& agent) {
        const auto done = run({BULKHEAD_CLI, "migrate", "--from", agent, "--root", place() / "old",
                               "--write", place() / "new"});
        ASSERT_EQ(done.code, 0) << done.output;
        auto yaml = place().read("new/agent.yaml");
        const auto dialect = agent == "hyprnode" ? std::string("hyprbox") : agent;
        for (const auto& etc :
             {"/etc/bulkhead/credentials/" + dialect + "/", std::string("/etc/bulkhead/")}) {
            for (auto at = yaml.find(etc); at != yaml.npos; at = yaml.find(etc, at + 1)) {
                yaml.replace(at, etc.size(), place() / "new/");
            }
        }
        place().write("agent.yaml", yaml);
        for (const auto& entry : fs::directory_iterator(place() / "new")) {
            if (!entry.is_regular_file()) continue;
            ASSERT_EQ(::chown(entry.path().c_str(), 0, 0), 0);
            fs::permissions(entry.path(), fs::perms(0640));
        }
        fs::permissions(place() / "new", fs::perms(0755));
        place().let_backends_have(place() / "new", dialect);
        if (!fs::exists(place() / "new/state")) return;
        fs::create_directories(place() / "state");
        // From there the agent takes it over.
        fs::copy(place() / "new/state", place() / "state/worker", fs::copy_options::recursive);
    }
};

TEST_F(Migrated, HyprnodesNodeGoesOnWithItsToken) {
    old_file("etc/hyprbox/hyprnode.env", "HYPRBOX_API_URL=" + backend().url() +
                                             "/\nHYPRBOX_NODE_ID=node-7\n"
                                             "HYPRBOX_NODE_TOKEN=hbnt_old\nHYPRBOX_INTERVAL=1s\n");
    migrate("hyprnode");
    const PinnedJob job{.name = "one", .script = "echo migrated\n"};
    pin(job);
    start_enrolled();
    EXPECT_EQ(heartbeats().back()["node_id"], "node-7");
    const auto id = queue({.dialect = "hyprbox", .target = "node-7", .script = job.script});
    EXPECT_EQ(result_of(id)["status"], "SUCCEEDED");
    EXPECT_EQ(backend().standard_output(id), "migrated\n");
}

TEST_F(Migrated, LunasentrisMachineGoesOnWithItsKey) {
    old_file("etc/lunasentri/agent.yaml",
             "server_url: " + backend().url() + "\napi_key: luna-old\ninterval: 1s\n");
    migrate("lunasentri");
    start();
    ASSERT_TRUE(
        backend().wait_for([](const State& state) { return state.heartbeats_ever > 0; }, kPatience))
        << log();
    EXPECT_TRUE(heartbeats().back().contains("cpu_pct"));
}

TEST_F(Migrated, GrapheonsAgentGoesOnUnderItsUuidAndKey) {
    backend().add_enrollment_key("gaek_old");
    backend().set_grapheon_policy({{"jitter_seconds", 0}});
    const auto uuid = "0b8f5a36-3c1e-4b52-9d6a-2f3f1d1c7a10";
    reference::TestClient original(backend());
    const auto enroll = [&] {
        return original.post("/api/agents/register", {{"enrollment_key", "gaek_old"},
                                                      {"agent_uuid", uuid},
                                                      {"hostname", "web-01"},
                                                      {"agent_version", "0.3.0"},
                                                      {"addresses", json::array()}});
    };
    ASSERT_EQ(enroll().body["status"], "pending");
    ASSERT_TRUE(backend().change_grapheon_agent(uuid, "approve"));
    const std::string key = enroll().body["api_key"];
    old_file("etc/grapheon-agent.env", "GRAPHEON_AGENT_SERVER_URL=" + backend().url() +
                                           "\nGRAPHEON_AGENT_ENROLLMENT_KEY=gaek_old\n");
    old_file("var/lib/grapheon-agent/agent_uuid", uuid + std::string("\n"));
    old_file("var/lib/grapheon-agent/api_key", key + "\n");
    old_file("var/lib/grapheon-agent/state.json",
             R"({"policy":{"jitter_seconds":0},"sequence_number":41})");
    migrate("grapheon");
    ASSERT_EQ(run_to_end({"--check-in-only"}), 0) << log();
    ASSERT_FALSE(backend().inventories().empty());
    EXPECT_EQ(backend().inventories()[0].body["agent_uuid"], uuid);
    EXPECT_EQ(backend().inventories()[0].body["sequence_number"], 42);
    backend().read([](const State& state) {
        ASSERT_EQ(state.grapheon.agents.size(), 1U);
        EXPECT_EQ(state.grapheon.agents.begin()->second.registrations, 2) << "the original's own";
    });
    EXPECT_EQ(log().find(key), std::string::npos);
}

TEST_F(Migrated, RavenxcopesSensorGoesOnWithItsToken) {
    backend().add_install_token("install-old");
    reference::TestClient original(backend());
    const json link{{"name", "lo"},       {"isManagement", false}, {"isLoopback", true},
                    {"isVirtual", false}, {"isWireless", false},   {"isUp", true},
                    {"bytesSent", 1},     {"bytesRecv", 2}};
    const auto enrolled =
        original.post("/api/sensors/sensor-7/agent/enroll", {{"installToken", "install-old"},
                                                             {"hostname", "web-01"},
                                                             {"osInfo", "Debian 12"},
                                                             {"architecture", "x86_64"},
                                                             {"agentVersion", "2.0.0"},
                                                             {"sensorIp", "127.0.0.1"},
                                                             {"sensorPort", 22},
                                                             {"sudoUser", "sensoradmin"},
                                                             {"interfaces", json::array({link})}});
    ASSERT_EQ(enrolled.status, 200);
    const std::string token = enrolled.body["data"]["sensorToken"];
    old_file("etc/ravenxcope/sensor-agent.env",
             "SENSOR_ID=sensor-7\nBACKEND_URL=" + backend().url() +
                 "\nINSTALL_TOKEN=install-old\nSENSOR_TOKEN=" + token + "\nHEARTBEAT_INTERVAL=1\n");
    migrate("ravenxcope");
    EXPECT_EQ(place().read("agent.yaml").find(token), std::string::npos);
    start_enrolled();
    ASSERT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(heartbeats().back()["sensorToken"], token);
    EXPECT_EQ(backend().enrolments().at(0).times, 1) << "the original's own";
}

TEST_F(Migrated, AegisfluxsHostIsKnownByItsKey) {
    // The first test vector of RFC 8032, section 7.1; the backend makes the id of its public half.
    std::string key;
    for (const auto octet :
         {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92,
          0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b,
          0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a,
          0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3,
          0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}) {
        key += static_cast<char>(octet);
    }
    old_file("var/lib/aegis/identity.key", key);
    old_file("etc/aegisflux/agent.env", "AGENT_REGISTRY_URL=" + backend().url() +
                                            "\nACTIONS_API_URL=" + backend().url() +
                                            "\nAGENT_HOST_ID=edge-7\nAGENT_POLL_INTERVAL=1s\n");
    migrate("aegisflux");
    start_enrolled();
    ASSERT_EQ(backend().enrolments().size(), 1U);
    EXPECT_EQ(backend().enrolments()[0].agent_id, "agent-21fe31dfa154a261");
    EXPECT_EQ(backend().heartbeats().back().who, "edge-7");
}

}  // namespace
}  // namespace bulkhead::test
