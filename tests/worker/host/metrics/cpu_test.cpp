#include "worker/host/metrics/cpu.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

std::string error_of(std::string_view text) {
    const auto times = parse_cpu_times(text);
    return times ? "no error" : times.error().what;
}

TEST(CpuTimes, CountEveryColumnButGuestsAndCallAllButIdleAndIowaitBusy) {
    const auto times = parse_cpu_times("cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 1 2 3\n");
    ASSERT_OK(times);
    EXPECT_EQ(times->total, 255U);
    EXPECT_EQ(times->busy, 255U - 8 - 16);
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

TEST(BusyPercent, IsTheBusyShareOfTheTicksBetween) {
    EXPECT_DOUBLE_EQ(busy_percent({100, 1000}, {125, 1200}), 12.5);
    EXPECT_DOUBLE_EQ(busy_percent({0, 0}, {7, 7}), 100);
}

TEST(BusyPercent, IsZeroWhenNothingWasBusyAndWhenBusyTicksVanished) {
    EXPECT_EQ(busy_percent({100, 1000}, {100, 1200}), 0);
    EXPECT_EQ(busy_percent({100, 1000}, {90, 1200}), 0);
    EXPECT_EQ(busy_percent({100, 1000}, {100, 1000}), 0);
}

TEST(BusyPercent, IsAHundredWhenBusyTicksPassedInNoTime) {
    EXPECT_EQ(busy_percent({100, 1000}, {101, 1000}), 100);
    EXPECT_EQ(busy_percent({100, 1000}, {101, 900}), 100);
}

TEST(BusyPercent, StaysWithinAHundredWhenIowaitRanBackwards) {
    EXPECT_EQ(busy_percent({100, 1000}, {150, 1020}), 100);
}

}  // namespace
}  // namespace bulkhead::worker
