#include "worker/host/metrics/cpu.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

std::string error_of(std::string_view text) {
    const auto times = parse_cpu_times(text);
    return times ? "no error" : times.error().what;
}

TEST(CpuTimes, AreAllColumnsButGuestsAndAllButIdleAndIowaitAreBusy) {
    const auto times = parse_cpu_times("cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 1 2 3\n");
    ASSERT_OK(times);
    EXPECT_EQ(times->ticks, (std::array<std::uint64_t, 8>{1, 2, 4, 8, 16, 32, 64, 128}));
    EXPECT_DOUBLE_EQ(busy_percent({}, *times).value(), 100.0 * (255 - 8 - 16) / 255);
}

TEST(CpuTimes, AreTakenFromEightColumnsAsOldKernelsHaveThem) {
    EXPECT_TRUE(parse_cpu_times("cpu 1 2 4 8 16 32 64 128\n"));
}

TEST(CpuTimes, OfAMalformedLineAreAnErrorAndNotANumber) {
    EXPECT_EQ(error_of(""), "stat: the first line has no end");
    EXPECT_EQ(error_of("cpu 1 2 4 8 16 32 64 128"), "stat: the first line has no end");
    EXPECT_EQ(error_of("cpu0 1 2 4 8 16 32 64 128\n"), "stat: the first line is not cpu");
    EXPECT_EQ(error_of("cpu 1 2 4 8 16 32 64\n"), "stat: cpu has too few columns");
    EXPECT_EQ(error_of("cpu 1 2 4 8 x 32 64 128\n"), "stat: cpu: not a number");
    EXPECT_EQ(error_of("cpu 1 2 4 -8 16 32 64 128\n"), "stat: cpu: not a number");
    EXPECT_EQ(error_of("cpu 1 2 4 99999999999999999999 16 32 64 128\n"),
              "stat: cpu: number out of range");
}

// user, nice, system, idle, iowait, irq, softirq, steal
CpuTimes times(std::array<std::uint64_t, 8> ticks) { return {.ticks = ticks}; }

TEST(BusyPercent, IsTheBusyShareOfTheTicksBetween) {
    const auto before = times({100, 0, 0, 900, 0, 0, 0, 0});
    EXPECT_DOUBLE_EQ(busy_percent(before, times({125, 0, 0, 1075, 0, 0, 0, 0})).value(), 12.5);
    EXPECT_DOUBLE_EQ(busy_percent(before, times({107, 0, 0, 900, 0, 0, 0, 0})).value(), 100);
    EXPECT_DOUBLE_EQ(busy_percent(before, times({100, 0, 0, 907, 0, 0, 0, 0})).value(), 0);
}

// A processor went offline: its ticks are gone from the sums, and what was done cannot be told.
TEST(BusyPercent, IsNotToldWhenIdleOrAnotherCounterRanBack) {
    EXPECT_FALSE(busy_percent(times({1000, 0, 500, 100'000, 300, 0, 0, 0}),
                              times({1010, 0, 505, 99'000, 300, 0, 0, 0})));
    for (const int column : {0, 1, 2, 3, 5, 6}) {
        auto after = times({600, 600, 600, 600, 600, 600, 600, 600});
        after.ticks[static_cast<std::size_t>(column)] = 499;
        EXPECT_FALSE(busy_percent(times({500, 500, 500, 500, 500, 500, 500, 500}), after))
            << column;
    }
}

// gVisor says 0 in each column.
TEST(BusyPercent, IsNotToldWhenNoTickPassed) {
    EXPECT_FALSE(busy_percent({}, {}));
    EXPECT_FALSE(busy_percent(times({1, 2, 3, 4, 5, 6, 7, 8}), times({1, 2, 3, 4, 5, 6, 7, 8})));
}

TEST(BusyPercent, TakesIowaitAndStealThatRanBackForUnchanged) {
    EXPECT_DOUBLE_EQ(
        busy_percent(times({100, 0, 0, 900, 50, 0, 0, 50}), times({150, 0, 0, 950, 20, 0, 0, 10}))
            .value(),
        50);
}

}  // namespace
}  // namespace bulkhead::worker
