#include "worker/host/metrics/load.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

TEST(Load, IsTheFirstThreeNumbers) {
    const auto load = parse_load("0.25 1.50 12.00 3/456 7890\n");
    ASSERT_OK(load);
    EXPECT_DOUBLE_EQ(load->one_minute, 0.25);
    EXPECT_DOUBLE_EQ(load->five_minutes, 1.5);
    EXPECT_DOUBLE_EQ(load->fifteen_minutes, 12);
}

TEST(Load, OddNumbersAreAnError) {
    for (const auto* odd : {"", "0.1 0.2", "nan 0.1 0.1 1/1 1", "0.1 inf 0.1", "0.1 0.2 -0.3",
                            "0.1 0.2 1e3", "0,1 0.2 0.3", "0.1 0.2 3", "0.1 0.2 .3"}) {
        EXPECT_FALSE(parse_load(odd)) << odd;
    }
}

TEST(Uptime, IsRoundedDownToWholeSeconds) {
    EXPECT_EQ(parse_uptime_seconds("1032.99 2000.00\n").value(), 1032U);
    EXPECT_EQ(parse_uptime_seconds("0.00 0.00\n").value(), 0U);
}

TEST(Uptime, OddNumbersAreAnError) {
    for (const auto* odd : {"", "\n", "1032", "-1.0 1.0", "10.2.3 1.0", "99999999999999999999.0"}) {
        EXPECT_FALSE(parse_uptime_seconds(odd)) << odd;
    }
}

}  // namespace
}  // namespace bulkhead::worker
