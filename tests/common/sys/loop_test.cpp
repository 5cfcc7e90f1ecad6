#include "common/sys/loop.hpp"

#include <gmock/gmock.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <vector>

namespace bulkhead::sys {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// Longer than any test lasts: a step that waits for it hangs, and ctest says so.
constexpr auto kLong = 60s;

struct LoopTest : testing::Test {
    Loop loop = Loop::create().value();
    std::vector<int> seen;
    Clock::time_point start = Clock::now();

    Loop::OnTimer note(int number) {
        return [this, number] { seen.push_back(number); };
    }
    // Steps until `count` things were noted; how many steps that took.
    int steps_until(std::size_t count) {
        int steps = 0;
        while (seen.size() < count) {
            EXPECT_TRUE(loop.step(kLong));
            ++steps;
        }
        return steps;
    }
};

TEST_F(LoopTest, TimersComeInTheOrderOfTheirDeadlines) {
    loop.at(start + 3ms, note(3));
    loop.at(start + 1ms, note(1));
    loop.at(start + 2ms, note(2));
    steps_until(3);
    EXPECT_THAT(seen, ElementsAre(1, 2, 3));
    EXPECT_GE(Clock::now() - start, 3ms) << "and not before their time";
}

TEST_F(LoopTest, EqualDeadlinesComeInTheOrderTheyWereSet) {
    for (const int number : {1, 2, 3}) loop.at(start, note(number));
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST_F(LoopTest, ACancelledTimerStaysSilent) {
    const auto id = loop.at(start + 1ms, note(1));
    loop.at(start + 2ms, note(2));
    loop.cancel(id);
    loop.cancel(id);
    steps_until(1);
    EXPECT_THAT(seen, ElementsAre(2));
}

TEST_F(LoopTest, ATimerMayCancelItselfAndAnotherThatIsDue) {
    TimerId first, second;
    first = loop.at(start, [&] {
        seen.push_back(1);
        loop.cancel(first);
        loop.cancel(second);
    });
    second = loop.at(start, note(2));
    loop.at(start, note(3));
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_THAT(seen, ElementsAre(1, 3));
}

TEST_F(LoopTest, AnOldIdDoesNotCancelALaterTimer) {
    const auto old = loop.at(start, note(1));
    ASSERT_TRUE(loop.step(kLong));
    loop.at(start, note(2));
    loop.cancel(old);
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(LoopTest, ATimerMaySetTheNext) {
    loop.at(start, [&] {
        seen.push_back(1);
        loop.at(start + 1ms, note(2));
    });
    steps_until(2);
    EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(LoopTest, AnExpiredTimerDoesNotKeepTheLoopAwake) {
    loop.after(1ms, note(1));
    EXPECT_LE(steps_until(1), 2);
    // Nothing to wait for: each step sleeps to its own limit.
    const auto quiet = Clock::now();
    for (int step = 0; step < 3; ++step) ASSERT_TRUE(loop.step(5ms));
    EXPECT_GE(Clock::now() - quiet, 15ms);
    // A far deadline after a near one wakes nobody early either.
    loop.after(kLong, note(2));
    const auto waiting = Clock::now();
    for (int step = 0; step < 3; ++step) ASSERT_TRUE(loop.step(5ms));
    EXPECT_GE(Clock::now() - waiting, 15ms);
    EXPECT_THAT(seen, ElementsAre(1));
}

TEST_F(LoopTest, ANearerTimerComesBeforeTheOneThatWasArmed) {
    loop.after(kLong, note(1));
    ASSERT_TRUE(loop.step(0ms));
    loop.after(1ms, note(2));
    steps_until(1);
    EXPECT_THAT(seen, ElementsAre(2));
}

TEST_F(LoopTest, TellsWhatADescriptorIsReadyFor) {
    auto pipe = make_pipe().value();
    std::uint32_t events = 0;
    ASSERT_TRUE(loop.watch(pipe.read.get(), EPOLLIN, [&](std::uint32_t ready) { events = ready; }));
    ASSERT_TRUE(loop.step(0ms));
    EXPECT_EQ(events, 0U);
    ASSERT_TRUE(write_all(pipe.write, as_bytes("x")));
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_EQ(events, EPOLLIN);
    pipe.write.reset();
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_EQ(events, EPOLLIN | EPOLLHUP);
}

TEST_F(LoopTest, WatchingAgainReplacesTheCallback) {
    const auto pipe = make_pipe().value();
    const auto noting = [&](int number) {
        return [this, number](std::uint32_t) { seen.push_back(number); };
    };
    ASSERT_TRUE(loop.watch(pipe.write.get(), EPOLLOUT, noting(1)));
    ASSERT_TRUE(loop.watch(pipe.write.get(), EPOLLOUT, noting(2)));
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_THAT(seen, ElementsAre(2));
    loop.forget(pipe.write.get());
    loop.forget(pipe.write.get());
    ASSERT_TRUE(loop.step(0ms));
    EXPECT_THAT(seen, ElementsAre(2));
}

TEST_F(LoopTest, ACallbackMayForgetItselfAndOthersThatAreReady) {
    const auto first = make_pipe().value();
    const auto second = make_pipe().value();
    // Whichever runs first forgets both; what it captured stays valid while it runs.
    const auto forget_all = [&, keep = std::string(64, 'k')](std::uint32_t) {
        loop.forget(first.write.get());
        loop.forget(second.write.get());
        seen.push_back(static_cast<int>(keep.size()));
    };
    ASSERT_TRUE(loop.watch(first.write.get(), EPOLLOUT, forget_all));
    ASSERT_TRUE(loop.watch(second.write.get(), EPOLLOUT, forget_all));
    ASSERT_TRUE(loop.step(kLong));
    ASSERT_TRUE(loop.step(0ms));
    EXPECT_THAT(seen, ElementsAre(64));
}

TEST_F(LoopTest, ACallbackMayReplaceItself) {
    const auto pipe = make_pipe().value();
    const int fd = pipe.write.get();
    ASSERT_TRUE(loop.watch(fd, EPOLLOUT, [&, keep = std::string(64, 'k')](std::uint32_t) {
        ASSERT_TRUE(loop.watch(fd, EPOLLOUT, [&](std::uint32_t) { seen.push_back(2); }));
        seen.push_back(static_cast<int>(keep.size()));
    }));
    ASSERT_TRUE(loop.step(kLong));
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_THAT(seen, ElementsAre(64, 2));
}

TEST_F(LoopTest, RunsUntilStopped) {
    loop.after(1ms, [&] {
        seen.push_back(1);
        loop.stop();
    });
    ASSERT_TRUE(loop.run());
    EXPECT_THAT(seen, ElementsAre(1));
    loop.after(0ms, [&] { loop.stop(); });
    EXPECT_TRUE(loop.run()) << "and again";
}

TEST_F(LoopTest, AClosedDescriptorCannotBeWatched) {
    EXPECT_EQ(loop.watch(-1, EPOLLIN, [](std::uint32_t) {}).error().code, EBADF);
}

TEST_F(LoopTest, ANumberThatIsTakenAgainIsNotToldWhatItsFormerOwnerWas) {
    auto first = make_pipe().value();
    auto second = make_pipe().value();
    ASSERT_TRUE(write_all(first.write, as_bytes("x")));
    ASSERT_TRUE(write_all(second.write, as_bytes("x")));
    Pipe empty;
    // Whichever is told first closes the other, and something new gets its number.
    const auto takes_over = [&](Fd& other) {
        return [&](std::uint32_t) {
            const int number = other.get();
            loop.forget(number);
            other.reset();
            empty = make_pipe().value();
            ASSERT_EQ(empty.read.get(), number);
            ASSERT_TRUE(
                loop.watch(number, EPOLLIN, [&](std::uint32_t) { seen.push_back(number); }));
        };
    };
    ASSERT_TRUE(loop.watch(first.read.get(), EPOLLIN, takes_over(second.read)));
    ASSERT_TRUE(loop.watch(second.read.get(), EPOLLIN, takes_over(first.read)));
    ASSERT_TRUE(loop.step(kLong));
    EXPECT_TRUE(empty.read);
    EXPECT_THAT(seen, testing::IsEmpty()) << "nobody wrote to it";
}

}  // namespace
}  // namespace bulkhead::sys
