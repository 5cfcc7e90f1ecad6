#include "common/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace bulkhead {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return fail("odd", 7);
    return number / 2;
}

Result<int> quarter(int number, int& steps) {
    const int once = TRY(half(number));
    ++steps;
    return TRY(half(once));
}

TEST(Result, TryYieldsTheValueOrLeavesAtOnce) {
    int steps = 0;
    EXPECT_EQ(quarter(12, steps), 3);
    EXPECT_EQ(steps, 1);
    EXPECT_EQ(quarter(6, steps).error().what, "odd");
    EXPECT_EQ(steps, 2);
    EXPECT_EQ(quarter(5, steps).error().code, 7) << "the code comes along";
    EXPECT_EQ(steps, 2) << "nothing after a failing TRY runs";
}

Result<std::unique_ptr<int>> owned(int number) { return std::make_unique<int>(TRY(half(number))); }

TEST(Result, TryMovesWhatCannotBeCopied) {
    const auto passed = [](int number) -> Result<std::unique_ptr<int>> {
        auto inner = TRY(owned(number));
        return inner;
    };
    EXPECT_EQ(**passed(8), 4);
    EXPECT_FALSE(passed(7));
}

TEST(Result, TryStandsAloneForAResultWithoutValue) {
    const auto checks = [](bool good) -> Result<> {
        TRY(good ? Result<>{} : fail("bad"));
        return {};
    };
    EXPECT_TRUE(checks(true));
    EXPECT_EQ(checks(false).error().what, "bad");
}

TEST(Result, TryMayStandInsideTry) {
    const auto eighth = [](int number) -> Result<int> {
        return half(TRY(half(TRY(half(number)))));
    };
    EXPECT_EQ(eighth(24), 3);
    EXPECT_FALSE(eighth(12));
}

TEST(Result, AKindIsNoErrnoAndStaysWithTheError) {
    const Result<int> large = fail("much", Error::Kind::too_large);
    EXPECT_EQ(large.error().code, 0);
    EXPECT_EQ(within("file", large).error().kind, Error::Kind::too_large);
    EXPECT_EQ(half(1).error().kind, Error::Kind::none) << "a code alone is no kind";
}

TEST(Result, WithinSaysWhereOutermostFirst) {
    const auto error = within("heartbeat", within("memory", half(1)));
    EXPECT_EQ(error.error().what, "heartbeat: memory: odd");
    EXPECT_EQ(error.error().code, 7);
    EXPECT_EQ(within("heartbeat", half(2)), 1) << "a value is left alone";
}

}  // namespace
}  // namespace bulkhead
