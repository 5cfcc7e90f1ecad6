// A whole session against the reference backend, in dialects that enroll, beat and report.
#include "worker/session/session.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"
#include "tests/worker/backend/nats/nats_server.hpp"
#include "tests/worker/session/session_fixture.hpp"
#include "worker/backend/aegisflux/identity_key.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using reference::Misbehaviour;
using test::Host;

class SessionTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(backend_.start()); }

    void speak(const std::string& dialect) {
        backend_.add_install_token("token");
        host_.emplace(backend_, dialect);
        host_->config.install_token = Secret("token");
        host_->config.heartbeat_interval = 1s;
    }
    // How often a path was asked, whatever came of it.
    std::size_t asked(const std::string& path) {
        const auto all = backend_.requests();
        return static_cast<std::size_t>(
            std::ranges::count(all, path, &reference::RequestRecord::path));
    }

    reference::ReferenceBackend backend_;
    std::optional<Host> host_;
};

TEST_F(SessionTest, WhichDutyFailsSinceWhenAndHowOftenTravelsInTheHeartbeat) {
    speak("bulkhead");
    backend_.misbehave({.path = "/v1/inventory", .status = 503});
    EXPECT_TRUE(host_->serve_until([&] {
        const auto beats = backend_.heartbeats();
        return !beats.empty() && beats.back().body["health"]["verdict"] == "trouble";
    }));
    const auto health = backend_.heartbeats().back().body["health"];
    ASSERT_EQ(health["troubles"].size(), 1U) << health.dump();
    EXPECT_EQ(health["troubles"][0]["code"], "inventory-failing");
    EXPECT_EQ(health["troubles"][0]["says"], "worker");
    EXPECT_GE(health["troubles"][0]["tries"].get<int>(), 1);
    const auto status = host_->run(RunMode::check_in_only).status;
    EXPECT_NE(status.find("\"spool\":{\"bytes\":0,"), status.npos) << status;
    EXPECT_NE(status.find("\"certificates\":[{\"setting\":\"ca_file\""), status.npos) << status;
}

// A tick of the counters is 10 ms, and these backends take no heartbeat without a number.
TEST_F(SessionTest, ThePassOfATimerWaitsUntilTheCpuFigureCoversASecond) {
    speak("hyprbox");
    host_->config.credential = Secret("token");
    backend_.add_node_token("token", "web-01");
    const auto begin = sys::Clock::now();
    EXPECT_TRUE(host_->run(RunMode::check_in_only).well);
    EXPECT_GE(sys::Clock::now() - begin, 1s);
    EXPECT_EQ(backend_.heartbeats().size(), 1U);
}

TEST_F(SessionTest, TheNextPassCountsFromTheOneBefore) {
    speak("bulkhead");
    EXPECT_TRUE(host_->run(RunMode::check_in_only).well);
    EXPECT_FALSE(backend_.heartbeats().at(0).body["metrics"].contains("cpu_percent"))
        << "a few milliseconds tell nothing";
    ASSERT_TRUE(bulkhead::test::eventually(
        [&] {
            return host_->run(RunMode::check_in_only).well &&
                   backend_.heartbeats().back().body["metrics"].contains("cpu_percent");
        },
        30s))
        << "not though each pass takes but milliseconds";
}

TEST_F(SessionTest, AReportOfTheOldCredentialEndsWhenTheHostEnrollsAgain) {
    speak("bulkhead");
    backend_.misbehave({.path = "/v1/inventory", .times = 1, .delay = 3s, .status = 401});
    int collected = 0;
    host_->collect = [&](const DumpLimits&) {
        if (++collected == 1) {
            EXPECT_TRUE(backend_.revoke("host-1"));
        }
        return host_->inventory;
    };
    std::size_t both_answered = 0;
    EXPECT_TRUE(host_->serve_until([&] {
        const auto beats = backend_.heartbeats().size();
        if (both_answered == 0 && asked("/v1/inventory") == 2) both_answered = beats;
        return both_answered != 0 && beats >= both_answered + 2;
    }));
    EXPECT_EQ(backend_.inventories().size(), 1U);
    EXPECT_EQ(asked("/v1/enroll"), 2U) << "that answer says nothing of the new credential";
}

TEST_F(SessionTest, ACredentialThatIsGivenAndRefusedIsAskedForEverMoreSeldom) {
    speak("bulkhead");
    host_->random = [] { return 0.999; };
    for (const auto* path : {"/v1/heartbeat", "/v1/inventory", "/v1/jobs"}) {
        backend_.misbehave({.path = path, .status = 401});
    }
    EXPECT_TRUE(host_->serve_until([&] { return asked("/v1/enroll") >= 3; }));
    const auto all = backend_.requests();
    EXPECT_GE(all.back().at - all.front().at, 2800ms) << "a second, then two";
}

TEST_F(SessionTest, NothingIsSentToABackendThatPolicyKeepsShut) {
    speak("bulkhead");
    ASSERT_TRUE(host_->run(RunMode::check_in_only).well);
    const auto before = backend_.requests().size();
    host_->config.shut = "backend fleet: ca_file: /x: no row of it";
    const auto outcome = host_->run(RunMode::once);
    EXPECT_FALSE(outcome.well);
    EXPECT_NE(outcome.status.find("no row of it; then: bulkhead reload"), std::string::npos)
        << outcome.status;
    EXPECT_EQ(backend_.requests().size(), before);
    std::ofstream(host_->state / "enrolments/fleet.left") << "2027-01-15T08:00:00Z\n";
    EXPECT_FALSE(host_->run(RunMode::once).well);
    EXPECT_EQ(backend_.requests().size(), before) << "nor is a good-bye";
}

// --- enrolments

class Enrolled : public SessionTest {
  protected:
    void SetUp() override {
        SessionTest::SetUp();
        ASSERT_TRUE(rebuilt_.start());
        rebuilt_.add_install_token("token");
        speak("bulkhead");
    }
    // The same name in agent.yaml, another server without a past.
    void move_to_the_rebuilt() {
        host_->config.url = rebuilt_.url();
        host_->config.ca_pem = bulkhead::test::content_of(rebuilt_.ca_file());
    }
    bool remove(const std::string& name) { return std::filesystem::remove(host_->state / name); }
    std::string record() const {
        return bulkhead::test::content_of(host_->state / "enrolments/fleet.enrolment");
    }

    reference::ReferenceBackend rebuilt_;
};

TEST_F(Enrolled, ANewOneBeginsWithAFullInventory) {
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    ASSERT_EQ(backend_.inventories().size(), 2U);
    EXPECT_EQ(backend_.inventories()[0].body["full"], true);
    EXPECT_EQ(backend_.inventories()[1].body["full"], false);
    EXPECT_NE(record().find("mark none"), std::string::npos) << record();
    move_to_the_rebuilt();
    ASSERT_TRUE(remove("credentials/fleet.credential"));
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    ASSERT_EQ(rebuilt_.inventories().size(), 1U);
    EXPECT_EQ(rebuilt_.inventories()[0].body["full"], true);
    EXPECT_EQ(record().find("mark none"), std::string::npos) << record();
    const auto second = record();
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    EXPECT_EQ(rebuilt_.inventories().back().body["full"], false);
    EXPECT_EQ(record(), second) << "the same one";
}

TEST_F(Enrolled, TheOneOfAnEarlierVersionIsKept) {
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    ASSERT_TRUE(remove("enrolments/fleet.enrolment"));
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    EXPECT_EQ(backend_.inventories().back().body["full"], false);
    EXPECT_NE(record().find("mark none"), std::string::npos) << record();
    EXPECT_EQ(asked("/v1/enroll"), 1U);
}

TEST_F(Enrolled, ADamagedRecordIsTakenForAnother) {
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    std::ofstream(host_->state / "enrolments/fleet.enrolment") << "mark none\n";
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    EXPECT_EQ(backend_.inventories().back().body["full"], true);
    EXPECT_EQ(record().find("mark none"), std::string::npos) << record();
}

// --- and its end

class Leaving : public Enrolled {
  protected:
    static constexpr auto* kSelf = "/v1/agents/self";
    void mark_left() {
        std::filesystem::create_directories(host_->state / "enrolments");
        std::ofstream(host_->state / "enrolments/fleet.left") << "2027-01-15T08:00:00Z\n";
    }
    std::string farewell() const {
        return farewell_in(bulkhead::test::content_of(host_->state / "enrolments/fleet.left"));
    }
    bool has_credential() const {
        return std::filesystem::exists(host_->state / "credentials/fleet.credential");
    }
    // A run that serves and is left when the first heartbeat has come.
    void leave_while_it_serves() {
        ASSERT_TRUE(host_->serve_until([&] {
            if (backend_.heartbeats().empty()) return false;
            if (!std::filesystem::exists(host_->state / "enrolments/fleet.left")) mark_left();
            return !farewell().empty();
        }));
    }
};

TEST_F(Leaving, ARunningWorkerSaysGoodByeAndStaysAway) {
    leave_while_it_serves();
    EXPECT_TRUE(farewell().starts_with("told: the backend at")) << farewell();
    EXPECT_TRUE(backend_.enrolments().empty());
    EXPECT_FALSE(has_credential());
    const auto before = backend_.requests().size();
    const auto outcome = host_->run(RunMode::check_in_only, true);
    EXPECT_FALSE(outcome.well);
    EXPECT_NE(outcome.status.find("bulkhead leave fleet --undo"), std::string::npos)
        << outcome.status;
    EXPECT_EQ(backend_.requests().size(), before) << "it is said once";
    ASSERT_TRUE(std::filesystem::remove(host_->state / "enrolments/fleet.left"));
    EXPECT_TRUE(host_->run(RunMode::check_in_only, true).well) << "and back, by the same token";
}

TEST_F(Leaving, TelemetryEndsAndNothingIsKnownOfArtifacts) {
    std::atomic<bool> came = false;
    std::atomic<bool> gone = false;
    test::TalkingServer server([&](int fd) {
        came = test::TalkingServer::say(fd, "INFO {}\r\nPONG\r\n");
        while (test::TalkingServer::say(fd, "+OK\r\n")) test::TalkingServer::hear(fd, 20ms);
        gone = true;
    });
    host_->config.telemetry.url = server.at("nats");
    host_->config.telemetry.subject = "agent.telemetry";
    const auto artifacts = ArtifactStore::open(host_->state.open());
    ASSERT_TRUE(artifacts);
    ASSERT_TRUE(artifacts->keep({.id = "a", .state = "loaded"}));
    EXPECT_TRUE(host_->serve_until([&] {
        if (backend_.heartbeats().empty() || !came) return false;
        if (!std::filesystem::exists(host_->state / "enrolments/fleet.left")) mark_left();
        return !farewell().empty() && gone;
    }));
    EXPECT_EQ(server.connections(), 1);
    EXPECT_TRUE(artifacts->all()->empty());
}

TEST_F(Leaving, WhatAnEarlierWorkerDidNotSayTheNextOneDoes) {
    ASSERT_TRUE(host_->run(RunMode::check_in_only, true).well);
    mark_left();
    EXPECT_FALSE(host_->run(RunMode::once).well);
    EXPECT_EQ(asked(kSelf), 1U);
    EXPECT_TRUE(backend_.enrolments().empty());
    EXPECT_FALSE(has_credential());
}

TEST_F(Leaving, ABackendThatKnowsNoSuchHostHasHeardIt) {
    backend_.misbehave({.path = kSelf, .status = 404});
    leave_while_it_serves();
    EXPECT_TRUE(farewell().ends_with("had removed it before")) << farewell();
}

TEST_F(Leaving, ABackendThatRefusesHoldsNobody) {
    backend_.misbehave({.path = kSelf, .status = 403});
    leave_while_it_serves();
    EXPECT_TRUE(farewell().starts_with("untold: the backend at")) << farewell();
    EXPECT_NE(farewell().find("403"), std::string::npos) << farewell();
    EXPECT_FALSE(has_credential());
}

TEST_F(Leaving, ABackendThatIsAwayIsTriedForAWhile) {
    backend_.misbehave({.path = kSelf, .status = 503});
    leave_while_it_serves();
    EXPECT_TRUE(farewell().starts_with("untold: ")) << farewell();
    EXPECT_GT(asked(kSelf), 3U);
    EXPECT_LT(asked(kSelf), 10U);
    EXPECT_FALSE(has_credential());
}

TEST_F(Leaving, ADialectWithoutTheWordSaysSo) {
    speak("hyprbox");
    host_->config.credential = Secret("token");
    backend_.add_node_token("token", "web-01");
    leave_while_it_serves();
    EXPECT_EQ(farewell(), "untold: the dialect hyprbox has no word for it");
    EXPECT_FALSE(has_credential());
}

TEST_F(Leaving, AHostWithoutACredentialHasNobodyToTell) {
    mark_left();
    EXPECT_FALSE(host_->run(RunMode::check_in_only).well);
    EXPECT_EQ(farewell(), "untold: this host is not enrolled there");
    EXPECT_TRUE(backend_.requests().empty());
}

// --- a backend that keeps its agents in memory alone

class Forgetful : public SessionTest {
  protected:
    void SetUp() override {
        SessionTest::SetUp();
        speak("aegisflux");
        host_->config.install_token = {};
        host_->config.options["registration_url"] = backend_.url();
        host_->config.options["host_id"] = "host-1";
    }
    bool is_known() {
        const auto all = backend_.enrolments();
        return all.size() == 1 && all[0].host_id == "host-1";
    }
    void run_until_known() {
        EXPECT_TRUE(host_->serve_until([&] { return is_known() && asked(kPresence) > 0; }));
    }
    static constexpr auto* kInit = "/agents/register/init";
    static constexpr auto* kPresence = "/agents/heartbeat";
};

TEST_F(Forgetful, AHostRegistersAtEachStartAsTheSameAgent) {
    run_until_known();
    const auto agent = backend_.enrolments().at(0).agent_id;
    backend_.forget_agents();
    EXPECT_TRUE(host_->serve_until([&] { return is_known(); }));
    EXPECT_EQ(backend_.enrolments().at(0).agent_id, agent);
    EXPECT_EQ(asked(kInit), 2U);
}

TEST_F(Forgetful, AnAgentOfAnOlderBackendRegistersAgainOnlyWhenItIsForgotten) {
    backend_.make_aegisflux_older();
    run_until_known();
    EXPECT_TRUE(host_->serve_until([&] { return asked(kPresence) >= 2; }));
    EXPECT_EQ(asked(kInit), 1U) << "a second registration would be a second agent";
    backend_.forget_agents();
    EXPECT_TRUE(host_->serve_until([&] { return is_known(); }));
    EXPECT_EQ(asked(kInit), 2U);
}

TEST_F(Forgetful, TheKeyOfTheAgentThatIsReplacedIsTakenOver) {
    const auto key = make_identity_key();
    host_->config.original["identity.key"] = key;
    run_until_known();
    EXPECT_EQ(backend_.enrolments().at(0).agent_id, agent_uid_of(key));
    backend_.forget_agents();
    host_->config.original["identity.key"] = make_identity_key();
    run_until_known();
    EXPECT_EQ(backend_.enrolments().at(0).agent_id, agent_uid_of(key)) << "ours counts by now";
}

TEST_F(Forgetful, ARunThatEndsRegistersAgainToo) {
    backend_.make_aegisflux_older();
    EXPECT_TRUE(host_->run(RunMode::once).well);
    backend_.forget_agents();
    EXPECT_TRUE(host_->run(RunMode::once).well);
    EXPECT_TRUE(is_known());
    backend_.misbehave({.path = kPresence, .times = 1, .status = 500});
    EXPECT_FALSE(host_->run(RunMode::once).well);
}

TEST_F(Forgetful, PollsDoNotWaitForTheRegistration) {
    for (const auto* path : {kInit, kPresence}) backend_.misbehave({.path = path, .status = 503});
    EXPECT_TRUE(host_->serve_until([&] { return backend_.heartbeats().size() >= 3; }));
    const auto polls = backend_.heartbeats().size();
    EXPECT_FALSE(host_->run(RunMode::once).well) << "the registration is a part of the run";
    EXPECT_EQ(backend_.heartbeats().size(), polls + 1);
    backend_.behave();
    EXPECT_TRUE(host_->run(RunMode::once).well);
}

TEST_F(SessionTest, AClockThatIsSetAfterBootIsToldWithTheNextBeat) {
    speak("bulkhead");
    std::size_t looks = 0;
    host_->refresh = [&](SystemInfo& system) {
        if (++looks == 4) system.boot_time = UnixTime(1'800'000'000s);
    };
    EXPECT_TRUE(host_->serve_until([&] { return backend_.heartbeats().size() >= 5; }));
    std::vector<std::string> told;
    for (const auto& beat : backend_.heartbeats()) {
        if (beat.body.contains("system")) told.push_back(beat.body["system"]["boot_time"]);
    }
    EXPECT_EQ(told, (std::vector<std::string>{"1970-01-01T00:00:00Z", "2027-01-15T08:00:00Z"}));
}

}  // namespace
}  // namespace bulkhead::worker
