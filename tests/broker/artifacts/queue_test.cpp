// Artifacts of one id: which of them waits, gives way, makes room and comes back.
#include "tests/broker/artifacts/scripted_loader.hpp"

namespace bulkhead::broker {
namespace {

using protocol::ArtifactState;
using testing::ElementsAre;
using testing::HasSubstr;

struct QueueTest : test::ScriptedTest {
    // "one" of backend main is loaded, and "two" of backend other has made room: it is loading.
    void one_makes_room_for_two() {
        begin_on_kernel(true);
        ASSERT_EQ(offer("one", "main").decision, protocol::Decision::admitted);
        ASSERT_TRUE(until_load("one"));
        load_xdp();
        ASSERT_TRUE(has_xdp());
        ASSERT_EQ(offer("two", "other").decision, protocol::Decision::admitted);
        ASSERT_TRUE(until_load("two"));
        is_busy();
        EXPECT_FALSE(has_xdp());
        EXPECT_EQ(last_told("main", one.digest), ArtifactState::replaced);
        ASSERT_TRUE(until_load("two"));
        ASSERT_THAT(loads, ElementsAre("one", "two", "two"));
    }
    void SetUp() override {
        ScriptedTest::SetUp();
        if (IsSkipped()) return;
        one = approve("one");
        two = approve("two");
        three = approve("three");
    }
    void withdraw_approval(const std::string& name) {
        operators.erase("approved/" + name + ".artifact");
        context->policy = policy();
    }
    approval::ArtifactManifest one, two, three;
};

TEST_F(QueueTest, ANewerOfferTakesTheTurnOfOneThatWaits) {
    begin();  // and the loader that probes is slow
    ASSERT_TRUE(until_ordered());
    ASSERT_EQ(offer("one", "main").decision, protocol::Decision::admitted);
    ASSERT_EQ(offer("two", "other").decision, protocol::Decision::admitted);
    EXPECT_EQ(last_told("main", one.digest), ArtifactState::replaced);
    EXPECT_THAT(recorded(), HasSubstr("was offered before its turn"));
    EXPECT_EQ(artifacts->list("").size(), 1U);
    ASSERT_TRUE(is_probe());
    answer(protocol::KernelProbed{});
    ASSERT_TRUE(until_load("two"));
    load_xdp();
    until_idle();
    EXPECT_EQ(last_told("other", two.digest), ArtifactState::loaded);
    EXPECT_EQ(last_told("main", two.digest), ArtifactState::loaded) << "it may know the id";
    EXPECT_THAT(loads, ElementsAre("two"));
}

TEST_F(QueueTest, OneThatMadeRoomComesBackAndWhoBroughtItHearsOfIt) {
    one_makes_room_for_two();
    fail_load("load", EINVAL, "the verifier: no");
    EXPECT_EQ(last_told("other", two.digest), ArtifactState::failed);
    ASSERT_TRUE(until_load("one"));
    EXPECT_THAT(recorded(), HasSubstr("\"event\":\"artifact-comes-back\""));
    load_xdp();
    until_idle();
    EXPECT_TRUE(has_xdp());
    EXPECT_EQ(last_told("main", one.digest), ArtifactState::loaded);
    ASSERT_EQ(list().size(), 1U);
    EXPECT_EQ(list()[0].delivery_id.value.str(), "delivery-1");
}

TEST_F(QueueTest, OneComesBackWhereItsSuccessorCannotBePinned) {
    operators["artifacts.policy"] += "pins allowed   # of the test\n";
    two.pin = true;
    pin("two", two);
    ASSERT_OK(dir.write_atomic(Pins::kRecords, "in the place of the directory", 0600));
    begin_on_kernel(true);
    EXPECT_TRUE(context->troubles.stands("artifact-still-attached"));
    ASSERT_EQ(offer("one", "main").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("one"));
    load_xdp();
    ASSERT_EQ(offer("two", "other").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("two"));
    is_busy();
    ASSERT_TRUE(until_load("two"));
    load_xdp();
    EXPECT_EQ(told.back().second, "pin-failed");
    EXPECT_FALSE(has_xdp());
    ASSERT_TRUE(until_load("one"));
    load_xdp();
    until_idle();
    EXPECT_EQ(last_told("main", one.digest), ArtifactState::loaded);
}

TEST_F(QueueTest, WhatPolicyApprovesNoLongerDoesNotComeBack) {
    one_makes_room_for_two();
    withdraw_approval("one");
    fail_load("load", EINVAL, "the verifier: no");
    until_idle();
    EXPECT_FALSE(has_xdp());
    EXPECT_THAT(loads, ElementsAre("one", "two", "two"));
    EXPECT_THAT(recorded(), HasSubstr("\"admitted\":false"));
}

// The clock may have been set back since it was admitted; the ledger remembers the later time.
TEST_F(QueueTest, WhatComesBackIsJudgedByTheFloorsOfTheLedger) {
    one = approve("one", std::chrono::minutes(2));
    one_makes_room_for_two();
    ASSERT_OK(ledger.note_time(one.not_after + std::chrono::minutes(1)));
    fail_load("load", EINVAL, "the verifier: no");
    until_idle();
    EXPECT_THAT(loads, ElementsAre("one", "two", "two"));
    EXPECT_THAT(recorded(), HasSubstr("\"admitted\":false,\"reason\":\"too-late\""));
}

TEST_F(QueueTest, WhatIsToComeBackWaitsBehindANewerOffer) {
    one_makes_room_for_two();
    ASSERT_EQ(offer("three", "third").decision, protocol::Decision::admitted);
    fail_load("load", EINVAL, "the verifier: no");
    EXPECT_EQ(last_told("other", two.digest), ArtifactState::failed);
    ASSERT_TRUE(until_load("three"));
    fail_load("load", EINVAL, "the verifier: neither");
    EXPECT_EQ(last_told("third", three.digest), ArtifactState::failed);
    ASSERT_TRUE(until_load("one"));
    load_xdp();
    until_idle();
    EXPECT_EQ(last_told("main", one.digest), ArtifactState::loaded);
    EXPECT_THAT(loads, ElementsAre("one", "two", "two", "three", "one"));
}

TEST_F(QueueTest, ANewerOfferGoesBeforeWhatIsToComeBack) {
    one_makes_room_for_two();
    fail_load("load", EINVAL, "the verifier: no");
    ASSERT_FALSE(order) << "the one before waits for its turn";
    ASSERT_EQ(offer("three", "third").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("three"));
    EXPECT_EQ(last_told("main", one.digest), ArtifactState::replaced) << "told once, before";
    fail_load("load", EINVAL, "the verifier: neither");
    ASSERT_TRUE(until_load("one"));
    load_xdp();
    until_idle();
    EXPECT_EQ(last_told("main", one.digest), ArtifactState::loaded);
}

TEST_F(QueueTest, OneThatTheKernelHasNoRoomForGivesWayToANewerOffer) {
    begin_on_kernel(true);
    ASSERT_EQ(offer("one", "main").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("one"));
    load_xdp();
    ASSERT_EQ(offer("two", "other").decision, protocol::Decision::admitted);
    ASSERT_TRUE(until_load("two"));
    ASSERT_EQ(offer("three", "third").decision, protocol::Decision::admitted);
    is_busy();
    EXPECT_EQ(last_told("other", two.digest), ArtifactState::replaced);
    EXPECT_TRUE(has_xdp()) << "nothing has its place yet";
    EXPECT_EQ(artifacts->list("").size(), 2U) << "at most one of each id waits";
    ASSERT_TRUE(until_load("three"));
    is_busy();
    ASSERT_TRUE(until_load("three"));
    load_xdp();
    until_idle();
    EXPECT_EQ(last_told("third", three.digest), ArtifactState::loaded);
    EXPECT_EQ(last_told("main", three.digest), ArtifactState::loaded);
    EXPECT_THAT(loads, ElementsAre("one", "two", "three", "three"));
}

TEST_F(QueueTest, WhatAnOperatorRemovesNeitherWaitsNorComesBack) {
    one_makes_room_for_two();
    ASSERT_EQ(offer("three", "third").decision, protocol::Decision::admitted);
    EXPECT_TRUE(artifacts->remove("counter", "a test"));
    load_xdp();
    EXPECT_FALSE(has_xdp()) << "it was loading when it was removed";
    until_idle();
    EXPECT_EQ(last_told("other", two.digest), ArtifactState::failed);
    EXPECT_EQ(last_told("third", three.digest), ArtifactState::failed);
    EXPECT_THAT(loads, ElementsAre("one", "two", "two"));
    for (const auto* name : {"one", "two", "three"}) {
        EXPECT_EQ(offer(name).reason.str(), "artifact-withdrawn") << name;
    }
}

}  // namespace
}  // namespace bulkhead::broker
