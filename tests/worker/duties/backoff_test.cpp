#include "worker/duties/backoff.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

Random always(double share) {
    return [share] { return share; };
}

constexpr double kAlmostOne = 0x1.fffffffffffffp-1;

TEST(Backoff, TheLongestDelayDoublesUpToTheCap) {
    Backoff backoff({.first = 1s, .cap = 10s}, always(kAlmostOne));
    EXPECT_EQ(backoff.next(), 999ms);
    EXPECT_EQ(backoff.next(), 1'999ms);
    EXPECT_EQ(backoff.next(), 3'999ms);
    EXPECT_EQ(backoff.next(), 7'999ms);
    EXPECT_EQ(backoff.next(), 9'999ms);
    EXPECT_EQ(backoff.next(), 9'999ms);
}

TEST(Backoff, TheJitterIsFullButNeverNothing) {
    Backoff backoff({.least = 100ms, .first = 1s, .cap = 10s}, always(0));
    EXPECT_EQ(backoff.next(), 100ms);
    EXPECT_EQ(backoff.next(), 100ms);
}

TEST(Backoff, SuccessBeginsAnew) {
    Backoff backoff({.first = 1s, .cap = 10s}, always(kAlmostOne));
    static_cast<void>(backoff.next());
    static_cast<void>(backoff.next());
    EXPECT_EQ(backoff.failures(), 2U);
    backoff.succeeded();
    EXPECT_EQ(backoff.failures(), 0U);
    EXPECT_EQ(backoff.next(), 999ms);
}

TEST(Backoff, IsNeverShorterThanTheBackendAskedFor) {
    Backoff backoff({.first = 1s, .cap = 10s}, always(0.5));
    EXPECT_EQ(backoff.next(30s), 30'500ms);
    EXPECT_EQ(backoff.next(0s), 1'000ms);
}

TEST(Backoff, ABackendCannotSilenceTheAgentForEver) {
    Backoff backoff({.first = 1s, .longest_retry_after = 1h}, always(0));
    EXPECT_EQ(backoff.next(std::chrono::seconds::max()), 1h + 100ms);
    EXPECT_EQ(backoff.next(std::chrono::seconds(-5)), 100ms);
}

TEST(Backoff, AThousandFailuresDoNotOverflow) {
    Backoff backoff({.first = 1s, .cap = 5min}, always(kAlmostOne));
    for (int i = 0; i < 1000; ++i) EXPECT_LE(backoff.next(), 5min);
}

TEST(FirstPhase, LiesAnywhereInTheInterval) {
    EXPECT_EQ(first_phase(60s, always(0)), 0ms);
    EXPECT_EQ(first_phase(60s, always(0.25)), 15s);
    EXPECT_LT(first_phase(60s, always(kAlmostOne)), 60s);
}

TEST(SystemRandom, StaysBelowOneAndDiffers) {
    const auto random = system_random();
    double sum = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto share = random();
        ASSERT_GE(share, 0);
        ASSERT_LT(share, 1);
        sum += share;
    }
    // Mean 500, standard deviation 9.1: ten of them away is no accident.
    EXPECT_NEAR(sum, 500, 91);
}

}  // namespace
}  // namespace bulkhead::worker
