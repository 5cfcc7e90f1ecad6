#include "broker/records/ration.hpp"

#include <gtest/gtest.h>

namespace bulkhead::records {
namespace {

using namespace std::chrono_literals;

struct RationTest : testing::Test {
    Ration ration;
    Ration::Time time = Ration::Time() + 24h;

    void use_up() {
        for (std::size_t i = 0; i < Ration::kMost; ++i) {
            ASSERT_TRUE(ration.admits(time)) << i;
            ration.wrote(true);
        }
    }
};

TEST_F(RationTest, IsUsedUpByWhatIsRationedAndByNothingElse) {
    EXPECT_TRUE(ration.admits(time));
    for (std::size_t i = 0; i < 2 * Ration::kMost; ++i) ration.wrote(false);
    use_up();
    EXPECT_FALSE(ration.admits(time));
}

TEST_F(RationTest, LastsForItsWholeSpan) {
    use_up();
    time += Ration::kSpan;
    EXPECT_FALSE(ration.admits(time));
    time += 1ns;
    EXPECT_TRUE(ration.admits(time));
}

TEST_F(RationTest, WhatWasLeftOutIsToldOnce) {
    use_up();
    EXPECT_EQ(ration.left_out(), 0U);
    EXPECT_FALSE(ration.admits(time));
    EXPECT_FALSE(ration.admits(time));
    EXPECT_EQ(ration.left_out(), 2U);
    ration.wrote(false);
    EXPECT_EQ(ration.left_out(), 0U);
}

}  // namespace
}  // namespace bulkhead::records
