// The aegisflux dialect against servers that speak it strictly.
#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/worker/backend/caller.hpp"
#include "tests/worker/backend/values.hpp"
#include "worker/backend/aegisflux/identity_key.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using reference::ArtifactShape;
using test::Caller;
using Kind = Failure::Kind;

class AegisfluxSpoken : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        caller_.emplace(test::settings_for(backend_));
        dialect_ = find_dialect("aegisflux")->make({{"registration_url", backend_.url()}});
        key_ = make_identity_key();
    }
    Answer<Enrolled> begin() {
        EnrollRequest request{
            .host_id = "host-1", .agent_version = "0.1.0", .system = test::system_info()};
        request.key = key_;
        return caller_->speak(dialect_->enrollment()->enroll(request));
    }
    Answer<Enrolled> enroll() {
        auto begun = begin();
        return begun ? caller_->speak(begun->next()) : begun;
    }
    Answer<Presence> show(const Identity& identity) {
        auto said = caller_->speak(dialect_->presence()->presence(identity, report_));
        return said && said->next ? caller_->speak(said->next()) : said;
    }
    Answer<HeartbeatReceipt> poll() {
        return caller_->speak(dialect_->heartbeat({}, test::heartbeat()));
    }

    reference::ReferenceBackend backend_;
    std::optional<Caller> caller_;
    std::unique_ptr<const Dialect> dialect_;
    Secret key_;
    PresenceReport report_{.now = UnixTime(1'800'000'000s),
                           .clock_trouble = {},
                           .host_id = "host-1",
                           .agent_version = "0.1.0",
                           .system = test::system_info(),
                           .bpf_support = BpfSupport{}};
};

TEST_F(AegisfluxSpoken, TheSameKeyIsTheSameAgent) {
    const auto first = enroll();
    ASSERT_OK(first);
    const auto again = enroll();
    ASSERT_OK(again);
    EXPECT_EQ(first->identity.agent_id, again->identity.agent_id);
    EXPECT_NE(first->identity.credential.reveal(), again->identity.credential.reveal());
    key_ = make_identity_key();
    EXPECT_NE(enroll()->identity.agent_id, first->identity.agent_id);
}

TEST_F(AegisfluxSpoken, ARegistrationThatWasLostOnTheWayIsBegunAnew) {
    const auto begun = begin();
    ASSERT_TRUE(begun);
    backend_.forget_registrations();
    EXPECT_EQ(caller_->speak(begun->next()).error().kind, Kind::retry);
    EXPECT_TRUE(enroll());
}

TEST_F(AegisfluxSpoken, AReplayIsAsUnknownAsALostOne) {
    const auto begun = begin();
    ASSERT_TRUE(caller_->speak(begun->next()));
    EXPECT_EQ(caller_->speak(begun->next()).error().kind, Kind::retry);
}

TEST_F(AegisfluxSpoken, PresenceTellsWhetherTheBackendKnowsTheHost) {
    const auto enrolled = enroll();
    ASSERT_OK(enrolled);
    EXPECT_TRUE(show(enrolled->identity)->known);
    EXPECT_EQ(backend_.requests().back().path, "/agents/heartbeat");
    backend_.forget_agents();
    EXPECT_FALSE(show(enrolled->identity)->known);
    EXPECT_TRUE(dialect_->enrollment()->renews(enrolled->identity, key_));
    ASSERT_OK(enroll());
    EXPECT_TRUE(show(enrolled->identity)->known);
}

// The backend makes a record of the first heartbeat after it was restarted, and registering again
// changes neither its organization nor its host name.
TEST_F(AegisfluxSpoken, TheRecordIsWholeAgainAfterTheBackendHasForgotten) {
    dialect_ =
        find_dialect("aegisflux")->make({{"registration_url", backend_.url()}, {"org_id", "acme"}});
    const auto enrolled = enroll();
    ASSERT_OK(enrolled);
    const auto& uid = enrolled->identity.agent_id;
    backend_.forget_agents();
    EXPECT_FALSE(show(enrolled->identity)->known);
    ASSERT_OK(enroll());
    EXPECT_TRUE(show(enrolled->identity)->known);
    const auto record = backend_.aegisflux_agent(uid);
    EXPECT_EQ(record["org_id"], "acme");
    EXPECT_EQ(record["host_id"], "host-1");
    EXPECT_EQ(record["hostname"], test::system_info().hostname);
    EXPECT_EQ(record["agent_version"], "0.1.0");
    EXPECT_EQ(record["capabilities"]["ebpf"], false);
    EXPECT_EQ(record["platform"]["os"], "linux");
    EXPECT_TRUE(record["labels"].empty());
}

TEST_F(AegisfluxSpoken, ARecordOfAnotherAgentIsNotOurs) {
    const auto enrolled = enroll();
    ASSERT_OK(enrolled);
    backend_.forget_agents();
    const auto other = Identity{.agent_id = "agent-other", .credential = {}};
    report_.host_id = enrolled->identity.agent_id;
    EXPECT_FALSE(show(other)->known);
    EXPECT_TRUE(show(other)->known);
    EXPECT_FALSE(show(enrolled->identity)->known) << "the heartbeat counted for the other one";
}

TEST_F(AegisfluxSpoken, AClockThatMayBeWrongIsToldBesideTheTime) {
    const auto enrolled = enroll();
    ASSERT_OK(enrolled);
    const auto& uid = enrolled->identity.agent_id;
    EXPECT_TRUE(show(enrolled->identity)->known);
    EXPECT_FALSE(backend_.aegisflux_agent(uid)["capabilities"].contains("clock_trouble"));
    report_.clock_trouble = "the clock is behind";
    EXPECT_TRUE(show(enrolled->identity)->known);
    EXPECT_EQ(backend_.aegisflux_agent(uid)["capabilities"]["clock_trouble"],
              "the clock is behind");
    EXPECT_EQ(backend_.aegisflux_agent(uid)["last_seen"], "2027-01-15T08:00:00Z");
}

TEST_F(AegisfluxSpoken, AnOlderBackendWithoutHeartbeatsIsAskedForTheRecord) {
    backend_.make_aegisflux_older();
    const auto enrolled = enroll();
    ASSERT_OK(enrolled);
    EXPECT_TRUE(show(enrolled->identity)->known);
    EXPECT_EQ(backend_.requests().back().path, "/agents/" + enrolled->identity.agent_id);
    backend_.forget_agents();
    EXPECT_FALSE(show(enrolled->identity)->known);
    EXPECT_FALSE(dialect_->enrollment()->renews(enrolled->identity, key_))
        << "registering gives another id";
}

TEST_F(AegisfluxSpoken, NoOtherAnswerSaysThatTheHostIsForgotten) {
    const auto enrolled = enroll();
    ASSERT_OK(enrolled);
    for (const int code : {400, 401, 429, 500, 502}) {
        backend_.misbehave({.path = "/agents/heartbeat", .times = 1, .status = code});
        EXPECT_FALSE(show(enrolled->identity)) << code;
    }
    using Spoil = reference::Misbehaviour::Kind;
    for (const auto spoil : {Spoil::not_json, Spoil::cut_in_body, Spoil::redirect}) {
        backend_.misbehave({.kind = spoil, .path = "/agents/heartbeat", .times = 1});
        EXPECT_FALSE(show(enrolled->identity));
    }
}

TEST_F(AegisfluxSpoken, EveryShapeOfAssignmentsIsRead) {
    EXPECT_TRUE(poll()->artifacts->empty());
    backend_.assign_artifacts(ArtifactShape::named, json::array({{{"artifact_id", "a1"}}}));
    EXPECT_EQ(poll()->artifacts->size(), 1U);
    backend_.assign_artifacts(ArtifactShape::ids, json::array({{{"id", "a1"}}, {{"id", "../b"}}}));
    EXPECT_EQ(poll()->artifacts->size(), 1U);
    EXPECT_EQ(poll()->declined.size(), 1U);
    backend_.assign_artifacts(ArtifactShape::array, json::array({{{"artifact_id", "a1"}}}));
    EXPECT_EQ(poll()->artifacts->size(), 1U);
    backend_.assign_artifacts(ArtifactShape::array, json::array());
    EXPECT_TRUE(poll()->artifacts->empty()) << "null";
}

}  // namespace
}  // namespace bulkhead::worker
