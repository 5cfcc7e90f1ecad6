// A whole session against the strict backend, life after life.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/worker/session/session_fixture.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::Host;

class GrapheonSession : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        backend_.add_enrollment_key("gaek_one");
        host_.emplace(backend_);
    }

    // With the key, and nothing reported yet.
    void enroll() {
        ASSERT_TRUE(host_->run(RunMode::register_only).well);
        ASSERT_TRUE(backend_.change_grapheon_agent("", "approve"));
        ASSERT_TRUE(host_->run(RunMode::register_only).well);
    }
    void report_once() {
        enroll();
        ASSERT_TRUE(host_->run(RunMode::once).well);
    }

    reference::GrapheonAgent agent() {
        return backend_.read([](const reference::State& state) {
            return state.grapheon.agents.empty() ? reference::GrapheonAgent{}
                                                 : state.grapheon.agents.begin()->second;
        });
    }
    // How often a path was asked, whatever came of it.
    std::size_t asked(const std::string& path) {
        std::size_t count = 0;
        for (const auto& request : backend_.requests()) count += request.path == path ? 1U : 0U;
        return count;
    }
    std::size_t check_ins() { return asked("/api/agents/check-in"); }
    json last_report() {
        const auto all = backend_.inventories();
        return all.empty() ? json() : all.back().body;
    }

    reference::ReferenceBackend backend_;
    std::optional<Host> host_;
};

TEST_F(GrapheonSession, WaitsForApprovalUnderOneNameAndThenReportsEverythingOnce) {
    const auto waiting = host_->run(RunMode::once);
    EXPECT_TRUE(waiting.well) << "to wait is no failure";
    EXPECT_NE(waiting.status.find(R"("enrollment":"pending")"), std::string::npos);
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(agent().registrations, 2) << "one agent, not two";
    EXPECT_EQ(check_ins(), 0U);

    ASSERT_TRUE(backend_.change_grapheon_agent("web-01", "approve"));
    EXPECT_TRUE(host_->run(RunMode::once).well);
    const auto report = last_report();
    EXPECT_EQ(report["sequence_number"], 1);
    EXPECT_EQ(report["full_snapshot"], true);
    EXPECT_EQ(report["observed_at"], "2027-01-15T08:00:00Z");
    EXPECT_EQ(report["addresses"].size(), 1U) << "lo is left out";
    EXPECT_EQ(report["neighbors"][0]["state"], "stale");
    EXPECT_EQ(report["routes"][0]["destination"], "default");
    ASSERT_EQ(report["connections"].size(), 2U);
    const auto& listener =
        report["connections"][report["connections"][0]["state"] == "listen" ? 0 : 1];
    EXPECT_EQ(listener["local_ip"], "192.0.2.9") << "the address the host speaks from";
    EXPECT_EQ(listener["process_name"], "sshd");
    EXPECT_EQ(listener["pid"], 812);
    EXPECT_TRUE(backend_.inventories().back().compressed);
}

TEST_F(GrapheonSession, TheSecondReportHoldsOnlyWhatIsNew) {
    report_once();
    host_->inventory.sockets->push_back(test::connection(443, 50'001));
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    const auto report = last_report();
    EXPECT_EQ(report["sequence_number"], 2);
    EXPECT_EQ(report["full_snapshot"], false);
    EXPECT_TRUE(report["addresses"].empty());
    ASSERT_EQ(report["connections"].size(), 1U);
    EXPECT_EQ(report["connections"][0]["remote_port"], 50'001);
    // What went and came back is news.
    host_->inventory.sockets->pop_back();
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_TRUE(last_report()["connections"].empty());
    host_->inventory.sockets->push_back(test::connection(443, 50'001));
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_EQ(last_report()["connections"].size(), 1U);
}

TEST_F(GrapheonSession, IsNotDueBeforeItsIntervalUnlessForcedOrTheClockWasTurnedBack) {
    report_once();
    host_->clock += 20min;
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(check_ins(), 1U) << "no traffic";
    EXPECT_TRUE(host_->run(RunMode::check_in_only, true).well);
    EXPECT_EQ(check_ins(), 2U);
    host_->clock += 60min;
    EXPECT_TRUE(host_->run(RunMode::check_in_only).well);
    EXPECT_EQ(check_ins(), 3U);
    host_->clock -= 24h * 365;
    EXPECT_TRUE(host_->run(RunMode::check_in_only).well);
    EXPECT_EQ(check_ins(), 4U);
}

TEST_F(GrapheonSession, APassSaysForHowLongItWaits) {
    backend_.set_grapheon_policy({{"jitter_seconds", 1}});
    enroll();
    host_->random = [] { return 0.999; };
    testing::internal::CaptureStderr();
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_NE(testing::internal::GetCapturedStderr().find(R"("in_s":1)"), std::string::npos);
}

TEST_F(GrapheonSession, RegisterOnlyReportsNothing) {
    enroll();
    EXPECT_TRUE(host_->run(RunMode::register_only).well);
    EXPECT_EQ(check_ins(), 0U);
}

TEST_F(GrapheonSession, FollowsThePolicyFromTheNextReportOn) {
    enroll();
    backend_.set_grapheon_policy({{"checkin_interval_seconds", 60},
                                  {"jitter_seconds", 0},
                                  {"enabled_commands", {{"ip_route", false}, {"ip_addr", true}}}});
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(last_report()["routes"].size(), 1U) << "the first did not know it yet";
    host_->inventory.routes->front().gateway = IpAddress::parse("192.0.2.2");
    host_->clock += 1min;
    backend_.set_grapheon_policy(nullptr);
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_TRUE(last_report()["routes"].empty());
    EXPECT_EQ(last_report()["sequence_number"], 2) << "a minute is over, and null changes nothing";
}

TEST_F(GrapheonSession, AReportThatANewPolicyForbidsFetchesThePolicyAndGoesWithoutIt) {
    report_once();
    backend_.set_grapheon_policy({{"enabled_commands", {{"ss_tunap", false}}}});
    backend_.enforce_grapheon_policy(true);
    host_->inventory.sockets->push_back(test::connection(443, 50'001));
    host_->inventory.routes->front().gateway = IpAddress::parse("192.0.2.2");
    EXPECT_FALSE(host_->run(RunMode::once, true).well) << "it did not know the policy";
    EXPECT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_TRUE(last_report()["connections"].empty());
    EXPECT_EQ(last_report()["routes"].size(), 1U);
}

TEST_F(GrapheonSession, AListThatCouldNotBeReadKeepsWhatWasKnownOfIt) {
    report_once();
    auto routes = std::exchange(host_->inventory.routes, std::nullopt);
    auto neighbours = std::exchange(host_->inventory.neighbours, std::nullopt);
    host_->inventory.problems = {"routes: broken"};
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    host_->inventory.routes = std::move(routes);
    host_->inventory.neighbours = std::move(neighbours);
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_TRUE(last_report()["routes"].empty());
    EXPECT_TRUE(last_report()["neighbors"].empty());
}

TEST_F(GrapheonSession, AKeyThatWasLostIsAnAdministratorsAffair) {
    enroll();
    auto credentials = CredentialStore::open(host_->state.open());
    ASSERT_TRUE(credentials->forget("fleet"));
    const auto lost = host_->run(RunMode::once);
    EXPECT_FALSE(lost.well);
    EXPECT_NE(lost.status.find("ask an admin to rotate it"), std::string::npos);
    EXPECT_EQ(check_ins(), 0U);
}

TEST_F(GrapheonSession, ARotatedKeyIsReportedAndTheNewOneTakenFromTheConfiguration) {
    report_once();
    const auto registrations = agent().registrations;
    const auto key = backend_.change_grapheon_agent("", "rotate");
    const auto rejected = host_->run(RunMode::once, true);
    EXPECT_FALSE(rejected.well);
    EXPECT_NE(rejected.status.find("API key rejected"), std::string::npos) << rejected.status;
    EXPECT_EQ(agent().registrations, registrations) << "registration gives no key";
    host_->config.credential = Secret(*key);
    EXPECT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_EQ(last_report()["sequence_number"], 2);
}

TEST_F(GrapheonSession, ARevokedAgentAsksWithEmptyHandsUntilItIsWantedAgain) {
    report_once();
    host_->inventory.sockets->push_back(test::connection(443, 50'001));
    ASSERT_TRUE(backend_.change_grapheon_agent("", "revoke"));
    EXPECT_FALSE(host_->run(RunMode::once, true).well);
    int looked = 0;
    host_->collect = [&](const DumpLimits&) {
        ++looked;
        return host_->inventory;
    };
    EXPECT_FALSE(host_->run(RunMode::once, true).well);
    EXPECT_EQ(looked, 0) << "nothing is collected for a backend that does not want it";
    ASSERT_TRUE(backend_.change_grapheon_agent("", "approve"));
    EXPECT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_EQ(looked, 1);
    EXPECT_EQ(last_report()["connections"].size(), 1U);
}

TEST_F(GrapheonSession, WhatIsTooLargeIsHalvedDownToOneElement) {
    enroll();
    for (std::uint16_t port = 1; port <= 40; ++port) {
        host_->inventory.sockets->push_back(test::connection(443, port));
    }
    // Less than a policy may say, so the agent is not told: it finds out.
    backend_.set_grapheon_policy({{"max_report_bytes", 900}});
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(agent().known["connections"].size(), 42U);
    EXPECT_EQ(agent().known["routes"].size(), 1U);
    for (const auto& inventory : backend_.inventories()) {
        const auto& body = inventory.body;
        EXPECT_LE(body["connections"].size() + body["addresses"].size(), 1U);
    }
    EXPECT_EQ(last_report()["sequence_number"], agent().check_ins);
    const auto before = check_ins();
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_EQ(check_ins(), before + 1) << "nothing is left to say";
}

TEST_F(GrapheonSession, AReportThatASlowBackendDoesNotAnswerInTimeIsHalved) {
    enroll();
    host_->inventory.sockets = std::vector<Socket>();
    for (std::uint16_t port = 1; port <= 100; ++port) {
        host_->inventory.sockets->push_back(test::connection(1'000, port));
    }
    host_->config.timeout = 2s;
    backend_.misbehave({.path = "/api/agents/check-in", .times = 2, .delay = 4s, .status = 503});
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_GT(backend_.inventories().size(), 2U);
    EXPECT_LE(backend_.inventories().front().body["connections"].size(), 26U);
}

// One that answers nothing however little it is sent is not asked without end.
TEST_F(GrapheonSession, AReportThatIsNeverAnsweredIsGivenUp) {
    enroll();
    host_->config.timeout = 1s;
    backend_.misbehave({.path = "/api/agents/check-in", .delay = 2s, .status = 503});
    EXPECT_FALSE(host_->run(RunMode::once).well);
    EXPECT_LE(check_ins(), 2U);
}

TEST_F(GrapheonSession, WhatTheBackendTakesIsSplitBeforeItIsSent) {
    enroll();
    for (std::uint16_t port = 1; port <= 3'000; ++port) {
        host_->inventory.sockets->push_back(test::connection(443, port));
    }
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(agent().known["connections"].size(), 3'002U);
    EXPECT_EQ(check_ins(), static_cast<std::size_t>(agent().check_ins)) << "none was refused";
    for (const auto& inventory : backend_.inventories()) {
        EXPECT_LE(inventory.body["connections"].size(), 500U) << "to be stored within the timeout";
    }
    EXPECT_EQ(backend_.inventories().front().body["full_snapshot"], true);
    EXPECT_EQ(backend_.inventories().back().body["full_snapshot"], false);
}

TEST_F(GrapheonSession, AnElementThatIsRefusedByNameGoesAndTheRestIsAccepted) {
    host_->config.options["wildcard_listeners"] = "raw";
    enroll();
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(check_ins(), 2U) << "refused, then sent without it";
    EXPECT_EQ(last_report()["connections"].size(), 1U);
    ASSERT_TRUE(host_->run(RunMode::once, true).well);
    EXPECT_EQ(check_ins(), 3U) << "it is not tried again";
}

TEST_F(GrapheonSession, AListenerOnEveryAddressCanBeLeftOut) {
    host_->config.options["wildcard_listeners"] = "drop";
    report_once();
    EXPECT_EQ(check_ins(), 1U);
    EXPECT_EQ(last_report()["connections"].size(), 1U);
}

TEST_F(GrapheonSession, TheLogSaysWhatWasSentWhatIsKnownAndWhatIsLeftOut) {
    report_once();
    host_->inventory.sockets->push_back(test::connection(443, 50'001));
    const auto log_of_a_run = [this] {
        testing::internal::CaptureStderr();
        EXPECT_TRUE(host_->run(RunMode::once, true).well);
        return testing::internal::GetCapturedStderr();
    };
    EXPECT_NE(log_of_a_run().find(R"("sent":1,"known":6,"left_out":0)"), std::string::npos);
    host_->inventory.addresses->resize(1);  // 127.0.0.1
    const auto log = log_of_a_run();
    EXPECT_NE(log.find(R"("sent":0,"known":4,"left_out":1)"), std::string::npos) << log;
    EXPECT_NE(log.find("this host has no IPv4 address but loopback ones"), std::string::npos);
}

// What the backend may answer and cannot be provoked here: told to answer so, once.
TEST_F(GrapheonSession, AfterAnyOtherAnswerNothingIsForgottenAndTheNextRunSucceeds) {
    enroll();
    for (const int status : {301, 400, 404, 409, 415, 429, 500, 502, 503}) {
        backend_.misbehave({.kind = reference::Misbehaviour::Kind::status,
                            .path = "/api/agents/check-in",
                            .times = 1,
                            .status = status});
        EXPECT_FALSE(host_->run(RunMode::once).well) << status;
    }
    EXPECT_EQ(agent().check_ins, 0);
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(last_report()["sequence_number"], 1);
    EXPECT_EQ(last_report()["full_snapshot"], true);
}

TEST_F(GrapheonSession, ARegistrationThatIsRefusedEndsTheRunWithTheReason) {
    for (const int status : {400, 401, 403, 409, 422, 500}) {
        backend_.misbehave({.kind = reference::Misbehaviour::Kind::status,
                            .path = "/api/agents/register",
                            .times = 1,
                            .status = status});
        const auto refused = host_->run(RunMode::once);
        EXPECT_FALSE(refused.well) << status;
        EXPECT_NE(refused.status.find("status " + std::to_string(status)), std::string::npos)
            << refused.status;
    }
    backend_.add_enrollment_key("gaek_one", {.active = false});
    const auto refused = host_->run(RunMode::once);
    EXPECT_FALSE(refused.well);
    EXPECT_NE(refused.status.find("Invalid enrollment key"), std::string::npos) << refused.status;
}

TEST_F(GrapheonSession, TheAgentThatIsReplacedGoesOnUnderItsUuidAndKey) {
    constexpr auto* kUuid = "0b8f5a36-3c1e-4b52-9d6a-2f3f1d1c7a10";
    backend_.change([&](reference::State& state) {
        state.grapheon.agents[kUuid] = {.id = 3, .standing = "active", .api_key = "gpak_old"};
    });
    host_->config.original["agent_uuid"] = Secret(std::string(kUuid) + "\n");
    host_->config.original["api_key"] = Secret("gpak_old\n");
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(last_report()["agent_uuid"], kUuid);
    EXPECT_EQ(asked("/api/agents/register"), 0U);
    EXPECT_EQ(backend_.read([](const auto& state) { return state.grapheon.agents.size(); }), 1U);
    // What is ours by now does not depend on the old files.
    host_->config.original["agent_uuid"] = Secret("damaged");
    host_->clock += 2h;
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(last_report()["agent_uuid"], kUuid);
}

TEST_F(GrapheonSession, AnAgentThatWasNeverApprovedIsWaitedForUnderItsUuid) {
    constexpr auto* kUuid = "0b8f5a36-3c1e-4b52-9d6a-2f3f1d1c7a10";
    host_->config.original["agent_uuid"] = Secret(kUuid);
    ASSERT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(backend_.read([](const auto& state) { return state.grapheon.agents.begin()->first; }),
              kUuid);
}

TEST_F(GrapheonSession, AnIdentityThatCannotBeTakenOverIsNotReplacedByANewOne) {
    const auto refused = [&] {
        const auto run = host_->run(RunMode::once);
        EXPECT_FALSE(run.well);
        EXPECT_NE(run.status.find("bulkhead migrate"), std::string::npos) << run.status;
        EXPECT_EQ(asked("/api/agents/register"), 0U);
        return run.status;
    };
    host_->config.original["api_key"] = Secret("gpak_old");
    EXPECT_NE(refused().find("no agent_uuid"), std::string::npos);
    host_->config.original["agent_uuid"] = Secret("0b8f5a36");
    EXPECT_NE(refused().find("holds no UUID"), std::string::npos);
    host_->config.original.clear();
    host_->config.original_trouble = "/srv/agent/api_key: no row of policy has it";
    EXPECT_NE(refused().find("/srv/agent/api_key"), std::string::npos);
    host_->config.original_trouble.clear();
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(asked("/api/agents/register"), 1U);
}

TEST_F(GrapheonSession, ABackendThatIsAwayCostsNothingButTime) {
    report_once();
    backend_.stop();
    host_->inventory.sockets->push_back(test::connection(443, 50'001));
    for (int hour = 0; hour < 5; ++hour) {
        host_->clock += 1h;
        EXPECT_FALSE(host_->run(RunMode::once).well);
    }
    ASSERT_TRUE(backend_.start());
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(last_report()["sequence_number"], 2);
    EXPECT_EQ(last_report()["connections"].size(), 1U);
}

TEST_F(GrapheonSession, AConnectionThatIsCutInTheMiddleOfAnAnswerIsTriedAgain) {
    enroll();
    backend_.misbehave({.kind = reference::Misbehaviour::Kind::cut_in_body,
                        .path = "/api/agents/check-in",
                        .times = 1});
    EXPECT_FALSE(host_->run(RunMode::once).well);
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_EQ(last_report()["sequence_number"], 1) << "nobody said that it was taken";
}

TEST_F(GrapheonSession, ServesAndReportsOnItsOwn) {
    enroll();
    EXPECT_TRUE(host_->serve_until([this] { return agent().check_ins == 1; }));
}

TEST_F(GrapheonSession, KeepsWhatItKnowsToItself) {
    report_once();
    for (const auto* name :
         {"credentials/fleet.credential", "credentials/fleet.uuid", "inventory/fleet.state"}) {
        struct stat info {};
        ASSERT_EQ(::stat((host_->state / name).c_str(), &info), 0) << name;
        EXPECT_EQ(info.st_mode & 07777, 0600U) << name;
    }
}

}  // namespace
}  // namespace bulkhead::worker
