#include <gmock/gmock.h>

#include "worker/session/session.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(ClockTrouble, IsToldFromTwoMinutesOnAndOfEitherSide) {
    EXPECT_EQ(clock_trouble(std::nullopt), "") << "no answer had a Date";
    for (const auto little : {0s, 119s, -119s}) EXPECT_EQ(clock_trouble(little), "");
    EXPECT_THAT(clock_trouble(120s),
                HasSubstr("this host's clock is 2 min ahead of the backend's"));
    EXPECT_THAT(clock_trouble(-7199s), HasSubstr("119 min behind the backend's"));
    EXPECT_THAT(clock_trouble(std::chrono::hours(24 * 365)), HasSubstr("525600 min ahead"));
}

}  // namespace
}  // namespace bulkhead::worker
