#include "broker/processes/peer.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/broker/processes/stand_in.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

struct PeerTest : testing::Test {
    sys::Loop loop = sys::Loop::create().value();
    std::unique_ptr<Peer> peer;
    std::optional<link::Channel> end;
    std::vector<std::string> answered;
    Result<> verdict;  // of the next packet
    int greetings = 0;
    std::vector<Peer::Fault> faults;
    std::optional<int> status;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to start somebody else";
    }
    void start(std::chrono::seconds greeting = 60s) {
        peer = Peer::start(
                   loop, test::sleeping_plan(), {.rows = {}, .greeting = greeting},
                   {.answer = [this](link::Packet& packet, Gate& gate) -> Result<> {
                        answered.emplace_back(as_text(packet.bytes));
                        if (answered.back() == "hello") gate.serving();
                        return verdict;
                    },
                    .greeted = [this] { ++greetings; },
                    .failed = [this](Peer::Fault fault, const Error&) { faults.push_back(fault); },
                    .ended =
                        [this](int how) {
                            status = how;
                            peer.reset();  // as its owner does
                        }})
                   .value();
        if (greeting > 0s) end.emplace(test::worker_end(peer->process()));
    }
    void says(std::string_view text) {
        ASSERT_TRUE(end->send(as_bytes(text)));
        ASSERT_TRUE(loop.step(60s));
    }
    void until_it_has_ended() {
        while (!status) ASSERT_TRUE(loop.step(60s));
    }
};

TEST_F(PeerTest, IsGreetedOnceAndToldNothingBefore) {
    start();
    ASSERT_TRUE(sys::set_nonblocking(end->descriptor(), true));
    peer->tell(protocol::Shutdown{});
    EXPECT_EQ(end->receive().error().code, EAGAIN);
    says("hello");
    says("and more");
    EXPECT_EQ(answered, (std::vector<std::string>{"hello", "and more"}));
    EXPECT_EQ(greetings, 1);
    EXPECT_TRUE(peer->greeted());
    peer->tell(protocol::Shutdown{});
    EXPECT_TRUE(end->receive().value());
}

TEST_F(PeerTest, WhoBreaksTheRulesIsKilledAndHeardNoMore) {
    start();
    verdict = fail("a violation");
    says("hello");
    until_it_has_ended();
    EXPECT_EQ(faults, std::vector{Peer::Fault::protocol});
    EXPECT_EQ(WTERMSIG(*status), SIGKILL);
    EXPECT_EQ(greetings, 0);
}

TEST_F(PeerTest, WhoDiedWhileItWasAnsweredHasBrokenNoRule) {
    start();
    verdict = fail("gone", EPIPE);
    says("hello");
    EXPECT_TRUE(faults.empty());
    peer->kill();
    until_it_has_ended();
    EXPECT_TRUE(faults.empty());
}

TEST_F(PeerTest, WhoDoesNotGreetInTimeIsKilled) {
    start(0s);
    until_it_has_ended();
    EXPECT_EQ(faults, std::vector{Peer::Fault::silent});
    EXPECT_EQ(WTERMSIG(*status), SIGKILL);
    EXPECT_FALSE(peer) << "its owner let go of it";
}

TEST_F(PeerTest, WhoStaysLongerThanItMayIsKilledWithoutAFault) {
    start();
    says("hello");
    peer->kill_after(1ms);
    until_it_has_ended();
    EXPECT_TRUE(faults.empty());
    EXPECT_EQ(WTERMSIG(*status), SIGKILL);
}

}  // namespace
}  // namespace bulkhead::broker
