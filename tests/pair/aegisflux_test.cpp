// The aegisflux dialect: real broker, real worker, servers that say what the real ones say.
#include "tests/pair/pair.hpp"

namespace bulkhead::test {
namespace {

using Spoil = Misbehaviour::Kind;
using reference::ArtifactShape;

constexpr auto* kInit = "/agents/register/init";
constexpr auto* kComplete = "/agents/register/complete";
constexpr auto* kKey = "state/workers/aegisflux/credentials/aegisflux.key";
constexpr auto* kCredential = "state/workers/aegisflux/credentials/aegisflux.credential";

class Aegisflux : public Pair {
  protected:
    std::string configuration() override {
        return "backend:\n  dialect: aegisflux\n  url: " + backend().url() +
               "\n  ca_file: " + backend().ca_file() +
               "\n  options:\n    host_id: host-7\n    registration_url: " + backend().url() +
               "\nheartbeat_interval: 1s\n";
    }
    // What `bulkhead status --json` says of the one backend.
    json told() {
        const auto all = json::parse(status(), nullptr, false);
        return all.is_object() ? all["backends"][0] : json();
    }
    bool registered(int times) {
        return backend().wait_for(
            [times](const State& state) {
                return state.enrolments.size() == 1 &&
                       state.enrolments.begin()->second.times == times;
            },
            kPatience);
    }
    std::string agent_id() { return backend().enrolments().at(0).agent_id; }
};

TEST_F(Aegisflux, AHostRegistersOnceAndAsksForArtifacts) {
    start_enrolled();
    ASSERT_TRUE(registered(1));
    const auto enrolment = backend().enrolments().at(0);
    EXPECT_EQ(enrolment.host_id, "host-7");
    const auto& capabilities = enrolment.request["capabilities"];
    EXPECT_FALSE(capabilities["kernel_version"].get<std::string>().empty());
    EXPECT_EQ(capabilities["loads_programs"], false);
    EXPECT_GT(capabilities["resource_limits"]["cpu_count"], 0);
    ASSERT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(backend().heartbeats().back().who, "host-7");
    EXPECT_EQ(asked(kInit), 1U);
    const auto seen = told();
    EXPECT_EQ(seen["enrollment"], "enrolled");
    EXPECT_EQ(seen["capabilities"]["kernel_version"], capabilities["kernel_version"]);
    EXPECT_TRUE(seen["declined"].empty());
}

// This host's policy enables no artifacts: one that is assigned is offered once, and root says no.
TEST_F(Aegisflux, AnAssignedArtifactIsOfferedOnceAndRefusedByRoot) {
    backend().assign_artifacts(ArtifactShape::named, json::array({{{"artifact_id", "../evil"}}}));
    backend().put_artifact("trace",
                           "\x7f"
                           "ELF and so on");
    start_enrolled();
    ASSERT_TRUE(wait_for_log("bad-artifact-id"));
    ASSERT_TRUE(wait_for_log("artifact-offered")) << log();
    ASSERT_TRUE(wait_for_heartbeats(3));
    const auto declined = told()["declined"];
    ASSERT_EQ(declined.size(), 1U) << declined;
    EXPECT_EQ(declined[0]["what"], "artifact ../evil");
    const auto artifacts = told()["artifacts"];
    ASSERT_EQ(artifacts.size(), 1U) << artifacts;
    EXPECT_EQ(artifacts[0]["id"], "trace");
    EXPECT_EQ(artifacts[0]["state"], "refused") << artifacts;
    EXPECT_EQ(asked("/artifacts/trace/binary"), 1U) << "not at every poll";
    EXPECT_EQ(asked("/artifacts/trace/approval"), 1U);
    backend().unassign_artifact("trace");
    ASSERT_TRUE(wait_for_log("artifact-unassigned"));
    EXPECT_TRUE(told()["artifacts"].empty());
}

TEST_F(Aegisflux, NoAnswerToAPollEndsThePolls) {
    start_enrolled();
    for (const int code : {404, 400, 401, 403, 429, 500, 503}) {
        backend().misbehave({.kind = Spoil::status,
                             .path = "/artifacts/for-host/host-7",
                             .times = 1,
                             .status = code});
        ASSERT_TRUE(wait_for_heartbeats(1)) << code;
    }
    for (const auto spoil : {Spoil::not_json, Spoil::cut_in_body, Spoil::redirect}) {
        backend().misbehave({.kind = spoil, .path = "/artifacts/for-host/host-7", .times = 1});
        ASSERT_TRUE(wait_for_heartbeats(1));
    }
    ASSERT_TRUE(eventually([&] { return !told().contains("heartbeat_trouble"); }, kPatience));
    EXPECT_EQ(asked(kInit), 1U) << "a poll says nothing about the registration";
}

TEST_F(Aegisflux, RegistrationGoesOnAfterEveryStatus) {
    for (const int code : {400, 401, 404, 500}) {
        backend().misbehave({.kind = Spoil::status, .path = kComplete, .times = 1, .status = code});
    }
    backend().misbehave({.kind = Spoil::status, .path = kInit, .times = 1, .status = 400});
    start();
    ASSERT_TRUE(registered(1)) << log();
    EXPECT_EQ(asked(kInit), 6U) << "each try begins with a new nonce";
}

TEST_F(Aegisflux, ABackendThatIsAwayAtTheStartIsWaitedFor) {
    backend().stop();
    start();
    ASSERT_TRUE(wait_for_log("\"event\":\"enroll-failed\""));
    EXPECT_EQ(told()["enrollment"], "trying");
    ASSERT_TRUE(backend().start());
    ASSERT_TRUE(registered(1));
    ASSERT_TRUE(wait_for_heartbeats(1));
}

TEST_F(Aegisflux, ARestartInTheMiddleOfTheRegistrationKeepsTheKey) {
    backend().misbehave({.kind = Spoil::status, .path = kComplete, .times = 1'000, .status = 500});
    start();
    ASSERT_TRUE(
        eventually([&] { return place().exists(kKey) && asked(kComplete) > 0; }, kPatience));
    const auto key = place().read(kKey);
    ASSERT_EQ(key.size(), 64U);
    const auto before = wait_for_worker();
    kill_worker();
    wait_for_worker(before);
    backend().behave();
    ASSERT_TRUE(registered(1));
    EXPECT_EQ(place().read(kKey), key);
}

TEST_F(Aegisflux, EachStartRegistersTheSameAgentWhateverTheBackendHasForgotten) {
    start_enrolled();
    ASSERT_TRUE(registered(1));
    const auto agent = agent_id();
    const auto before = wait_for_worker();
    kill_worker();
    wait_for_worker(before);
    ASSERT_TRUE(registered(2));
    ASSERT_EQ(stop(), 0);
    backend().forget_agents();
    start();
    ASSERT_TRUE(registered(1));
    EXPECT_EQ(agent_id(), agent);
    ASSERT_TRUE(eventually([&] { return asked("/agents/heartbeat") >= 3; }, kPatience));
}

class HastyAegisflux : public Aegisflux {
  protected:
    std::string configuration() override {
        auto text = Aegisflux::configuration();
        const std::string_view before = "    host_id: host-7\n";
        return text.insert(text.find(before), "    presence_interval: 1s\n    org_id: acme\n");
    }
};

TEST_F(HastyAegisflux, ARunningAgentIsBackWithAWholeRecordAfterTheBackendForgot) {
    start_enrolled();
    ASSERT_TRUE(registered(1));
    const auto agent = agent_id();
    const auto shown = asked("/agents/heartbeat");
    ASSERT_TRUE(eventually([&] { return asked("/agents/heartbeat") > shown; }, kPatience));
    backend().forget_agents();
    ASSERT_TRUE(registered(1)) << log();
    ASSERT_TRUE(wait_for_log("the backend has forgotten this host"));
    const auto record = backend().aegisflux_agent(agent);
    EXPECT_EQ(record["org_id"], "acme");
    EXPECT_EQ(record["host_id"], "host-7");
    EXPECT_FALSE(record["hostname"].get<std::string>().empty());
    EXPECT_NE(record["agent_version"], "unknown");
    EXPECT_EQ(record["capabilities"]["loads_programs"], false);
    EXPECT_FALSE(record["network"]["ifaces"].empty());
    EXPECT_EQ(told()["agent_id"], agent);
    EXPECT_EQ(told()["host_id"], "host-7");
}

TEST_F(Aegisflux, PollsGoOnWhileTheActionsApiIsAway) {
    for (const auto* path : {kInit, "/agents/heartbeat"}) {
        backend().misbehave({.kind = Spoil::status, .path = path, .status = 503});
    }
    start();
    ASSERT_TRUE(wait_for_heartbeats(2));
    EXPECT_EQ(told()["enrollment"], "trying");
    backend().behave();
    ASSERT_TRUE(registered(1));
}

TEST_F(Aegisflux, ALostCredentialIsTheSameAgentAgain) {
    start_enrolled();
    ASSERT_TRUE(registered(1));
    const auto agent = agent_id();
    ASSERT_EQ(stop(), 0);
    place().remove(kCredential);
    start();
    ASSERT_TRUE(registered(2));
    EXPECT_EQ(agent_id(), agent);
}

TEST_F(Aegisflux, ADamagedKeyIsToldAndNotReplaced) {
    start_enrolled();
    ASSERT_TRUE(registered(1));
    ASSERT_EQ(stop(), 0);
    place().remove(kCredential);
    place().write(kKey, std::string(64, 'x'));
    start();
    ASSERT_TRUE(wait_for_log("do not belong together"));
    EXPECT_EQ(told()["enrollment"], "refused");
    EXPECT_EQ(place().read(kKey), std::string(64, 'x'));
    EXPECT_EQ(asked(kInit), 1U);
}

}  // namespace
}  // namespace bulkhead::test
