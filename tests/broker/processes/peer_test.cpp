#include "broker/processes/peer.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>

#include "common/base/parse.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/support/lingering.hpp"
#include "tests/support/ok.hpp"

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
    bool keeps_peer = false;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to start somebody else";
    }
    sys::Pipe journal = sys::make_pipe().value();
    const sys::Log log{"broker", journal.write.get()};

    void start(std::chrono::seconds greeting = 60s, std::chrono::milliseconds ping = 60s) {
        peer = Peer::start(
                   loop, log, test::sleeping_plan(),
                   {.rows = {}, .greeting = greeting, .sharers = 1, .ping = ping},
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
                            if (!keeps_peer) peer.reset();
                        }})
                   .value();
        if (greeting > 0s) end.emplace(test::worker_end(peer->process()));
    }
    // What is sent along may be forgotten before it is read: it is in the channel then.
    void says(std::string_view text, const test::Lingering* along = nullptr) {
        const auto before = answered.size();
        std::vector<int> descriptors;
        if (along != nullptr) descriptors.push_back(along->fd());
        ASSERT_TRUE(end->send(as_bytes(text), descriptors));
        if (along != nullptr) along->forget();
        while (answered.size() == before && faults.empty()) ASSERT_TRUE(loop.step(60s));
    }
    // The longest turn of the loop in that time.
    std::chrono::milliseconds longest_turn(std::chrono::milliseconds time) {
        const auto until = sys::Clock::now() + time;
        sys::Clock::duration longest{};
        while (sys::Clock::now() < until) {
            const auto began = sys::Clock::now();
            EXPECT_TRUE(loop.step(10ms));
            longest = std::max(longest, sys::Clock::now() - began);
        }
        return std::chrono::duration_cast<std::chrono::milliseconds>(longest);
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

// Each of these blocked the loop for a minute when root closed what was sent.
TEST_F(PeerTest, WhatTakesLongToCloseDelaysWhoSentItAndNobodyElse) {
    start();
    says("hello");
    const test::Lingering slow;
    says("first", &slow);
    ASSERT_OK(end->send(as_bytes("second")));
    const int other = STDERR_FILENO;
    ASSERT_OK(end->send(as_bytes("third"), std::span(&other, 1)));
    EXPECT_LT(longest_turn(500ms), 400ms);
    EXPECT_EQ(answered, (std::vector<std::string>{"hello", "first", "second"}));
    slow.end();
    while (answered.size() < 4) ASSERT_TRUE(loop.step(60s));
    EXPECT_EQ(answered.back(), "third");
    EXPECT_TRUE(faults.empty());
}

TEST_F(PeerTest, WhatTakesLongToCloseDelaysNoEndOfItsSender) {
    for (const bool read : {true, false}) {
        status.reset();
        faults.clear();
        start();
        says("hello");
        const test::Lingering slow;
        const int fd = slow.fd();
        if (read) {
            verdict = fail("a violation");
            says("first", &slow);
            verdict = {};
        } else {
            ASSERT_OK(end->send(as_bytes("unread"), std::span(&fd, 1)));
            slow.forget();
            peer->kill();
        }
        end.reset();
        const auto began = sys::Clock::now();
        until_it_has_ended();
        EXPECT_LT(sys::Clock::now() - began, 2s);
        EXPECT_EQ(faults.size(), read ? 1U : 0U);
    }
}

TEST_F(PeerTest, TellsWhetherAllIsClosed) {
    keeps_peer = true;
    start();
    says("hello");
    const test::Lingering slow;
    const int fd = slow.fd();
    ASSERT_OK(end->send(as_bytes("unread"), std::span(&fd, 1)));
    slow.forget();
    peer->kill();
    end.reset();
    until_it_has_ended();
    EXPECT_FALSE(peer->runs());
    EXPECT_FALSE(peer->all_closed());
    slow.end();
    while (!peer->all_closed()) ASSERT_TRUE(loop.step(60s));
    EXPECT_TRUE(faults.empty());
}

TEST_F(PeerTest, WithoutItsCloserItEnds) {
    start();
    says("hello");
    const auto children = sys::Dir::open("/proc/self/task/" + std::to_string(::getpid())).value();
    const auto text = children.read_file("children", 4096).value();
    for (const auto child : words(text)) {
        const auto pid = parse_number<pid_t>(child).value();
        if (pid != peer->process().pid()) ::kill(pid, SIGKILL);
    }
    until_it_has_ended();
    EXPECT_EQ(faults, std::vector{Peer::Fault::closer});
}

TEST_F(PeerTest, WhoAnswersPingsStaysAndWhoDoesNotIsKilled) {
    start(60s, 50ms);
    says("hello");
    for (int i = 0; i < 2 * Peer::kMostUnanswered + 1; ++i) {
        pollfd ping{.fd = end->fd(), .events = POLLIN, .revents = 0};
        while (::poll(&ping, 1, 0) == 0) ASSERT_TRUE(loop.step(60s));
        const auto packet = end->receive();
        ASSERT_TRUE(packet && *packet);
        EXPECT_EQ(protocol::decode_header((*packet)->bytes).value().id, protocol::Ping::spec.id);
        says("here");
    }
    EXPECT_TRUE(faults.empty());
    const auto began = sys::Clock::now();
    until_it_has_ended();
    EXPECT_GE(sys::Clock::now() - began, 100ms) << "it may miss one";
    EXPECT_EQ(faults, std::vector{Peer::Fault::hung});
    EXPECT_EQ(WTERMSIG(*status), SIGKILL);
}

TEST_F(PeerTest, WhoIsStoppedDoesNotAnswerPings) {
    start(60s, 50ms);
    says("hello");
    ::kill(peer->process().pid(), SIGSTOP);
    until_it_has_ended();
    EXPECT_EQ(faults, std::vector{Peer::Fault::hung});
}

TEST_F(PeerTest, WhatItWritesIsLoggedInItsNameToItsLastWord) {
    start();
    says("hello");
    const sys::Fd output(
        static_cast<int>(::syscall(SYS_pidfd_getfd, peer->process().pidfd().get(), 1, 0)));
    ASSERT_OK(sys::write_all(output, as_bytes("one\n")));
    ASSERT_TRUE(loop.step(60s));
    ASSERT_OK(sys::write_all(output, as_bytes("two\nlast")));
    peer->kill();
    until_it_has_ended();
    std::string text(65536, '\0');
    text.resize(static_cast<std::size_t>(::read(journal.read.get(), text.data(), text.size())));
    for (const char* said : {"one", "two", "last"}) {
        EXPECT_NE(text.find("\"from\":\"stand-in\",\"event\":\"output\",\"text\":\"" +
                            std::string(said) + "\""),
                  text.npos)
            << text;
    }
}

}  // namespace
}  // namespace bulkhead::broker
