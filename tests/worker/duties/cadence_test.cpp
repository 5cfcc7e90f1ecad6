#include "worker/duties/cadence.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;

constexpr UnixTime kNow{1'800'000'000s};

Cadence hourly() { return {.interval = 1h, .jitter = 5min, .timer_interval = 15min}; }

TEST(Cadence, TheFirstReportIsDueAtOnce) {
    EXPECT_EQ(hourly().remaining(kNow, std::nullopt), 0s);
    EXPECT_TRUE(hourly().is_due(kNow, std::nullopt));
}

TEST(Cadence, TheNextIsDueAnIntervalAfterTheLast) {
    EXPECT_EQ(hourly().remaining(kNow, kNow - 20min), 40min);
    EXPECT_FALSE(hourly().is_due(kNow, kNow - 59min));
    EXPECT_TRUE(hourly().is_due(kNow, kNow - 60min));
    EXPECT_EQ(hourly().remaining(kNow, kNow - 100h), 0s);
}

TEST(Cadence, AnIntervalUpToTheTimersIsNeverWaitedFor) {
    auto often = hourly();
    often.interval = 15min;
    EXPECT_TRUE(often.is_due(kNow, kNow - 1s));
    often.interval = 15min + 1s;
    EXPECT_FALSE(often.is_due(kNow, kNow - 1s));
}

TEST(Cadence, AClockThatWasTurnedBackHoldsNothingUp) {
    EXPECT_EQ(hourly().remaining(kNow, kNow + 24h * 365), 0s);
    EXPECT_TRUE(hourly().is_due(kNow, kNow + 1s));
}

TEST(Cadence, AClockThatJumpedAheadMakesOneReportDueAndNotMany) {
    EXPECT_TRUE(hourly().is_due(kNow + 24h * 365, kNow));
    EXPECT_EQ(hourly().remaining(kNow + 24h * 365, kNow + 24h * 365), 1h);
}

TEST(Cadence, JitterIsWholeSecondsFromNothingToAllOfIt) {
    EXPECT_EQ(hourly().drawn_jitter([] { return 0.0; }), 0s);
    EXPECT_EQ(hourly().drawn_jitter([] { return 0.5; }), 150s);
    EXPECT_EQ(hourly().drawn_jitter([] { return 0.9999999; }), 300s);
    EXPECT_EQ(Cadence{}.drawn_jitter([] { return 0.9999999; }), 0s);
}

// A backend that is away for ten hours, by a clock of the test's own: reports are tried again and
// again, never more than the timer's interval apart, and never in a hurry.
TEST(Cadence, ABackendThatIsAwayForHoursIsAskedAtLeastEveryTimerInterval) {
    Backoff backoff(retry_limits(hourly()), [] { return 0.999; });
    std::chrono::milliseconds clock{0};
    int tries = 0;
    for (; clock < 10h; ++tries) {
        const auto delay = backoff.next();
        EXPECT_GE(delay, 5s);
        EXPECT_LE(delay, 15min);
        clock += delay;
    }
    EXPECT_GE(tries, 40);
    EXPECT_LE(tries, 60);
    backoff.succeeded();
    EXPECT_LE(backoff.next(), 30s);
}

TEST(Cadence, WhatAnAdministratorMustChangeIsAskedForSlowly) {
    EXPECT_EQ(hourly().slow(), 1h);
    auto often = hourly();
    often.interval = 1min;
    EXPECT_EQ(often.slow(), 15min);
}

}  // namespace
}  // namespace bulkhead::worker
