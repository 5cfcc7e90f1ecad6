#include "broker/artifacts/guard.hpp"

#include <gtest/gtest.h>

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;
using Verdict = Guard::Verdict;
using Nanoseconds = std::chrono::nanoseconds;

// Samples of a program that uses `percent` of a processor for `during`.
class Host {
  public:
    Guard::Sample sample() const { return {.at = now_, .run_time_ns = run_}; }
    Guard::Sample after(Nanoseconds during, unsigned percent) {
        now_ += during;
        run_ += static_cast<std::uint64_t>(during.count()) / 100 * percent;
        return sample();
    }
    Guard::Sample replaced_by(std::uint64_t run_time_ns) {
        run_ = run_time_ns;
        return sample();
    }

  private:
    Guard::Clock::time_point now_{1h};
    std::uint64_t run_ = 5'000'000'000;
};

class GuardTest : public testing::Test {
  protected:
    Host host;
    Guard guard{2, host.sample()};
    Verdict after(Nanoseconds during, unsigned percent) {
        return guard.look(host.after(during, percent));
    }
};

TEST_F(GuardTest, TheRunTimeBeforeTheFirstSampleDoesNotCount) {
    EXPECT_EQ(guard.millipercent(), 0U);
    EXPECT_EQ(after(10s, 1), Verdict::within);
    EXPECT_EQ(guard.millipercent(), 1'000U);
}

TEST_F(GuardTest, TheLimitItselfMayBeUsed) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(after(10s, 2), Verdict::within);
}

TEST_F(GuardTest, AProgramThatBurnsIsRolledBackAfterTwoIntervals) {
    EXPECT_EQ(after(10s, 100), Verdict::above);
    EXPECT_EQ(after(10s, 100), Verdict::roll_back);
    EXPECT_EQ(guard.millipercent(), 100'000U);
}

TEST_F(GuardTest, TheVerdictToRollBackStays) {
    after(10s, 3);
    after(10s, 3);
    EXPECT_EQ(after(10s, 0), Verdict::roll_back);
    EXPECT_EQ(guard.look(host.replaced_by(0)), Verdict::roll_back);
}

TEST_F(GuardTest, OneIntervalAboveTheLimitIsForgivenByOneWithin) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(after(10s, 50), Verdict::above);
        EXPECT_EQ(after(10s, 1), Verdict::within);
    }
}

TEST_F(GuardTest, ManyProcessorsCountAsMany) {
    EXPECT_EQ(after(10s, 800), Verdict::above);
    EXPECT_EQ(guard.millipercent(), 800'000U);
}

TEST_F(GuardTest, SamplesInABurstAreOne) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(after(10ms, 100), Verdict::unknown);
    EXPECT_EQ(after(9s, 100), Verdict::above);
}

TEST_F(GuardTest, ManySmallStepsAreNoWayAroundIt) {
    int rolled_back = 0;
    for (int i = 0; i < 25; ++i) rolled_back += after(1s, 100) == Verdict::roll_back ? 1 : 0;
    EXPECT_GT(rolled_back, 0);
}

TEST_F(GuardTest, ACounterThatGoesBackwardsGivesNoFigureAndForgivesNothing) {
    EXPECT_EQ(after(10s, 50), Verdict::above);
    host.after(10s, 0);
    EXPECT_EQ(guard.look(host.replaced_by(7)), Verdict::unknown);
    EXPECT_EQ(after(10s, 50), Verdict::roll_back);
}

TEST_F(GuardTest, AClockThatGoesBackwardsGivesNoFigure) {
    EXPECT_EQ(after(-20s, 0), Verdict::unknown);
    EXPECT_EQ(after(10s, 1), Verdict::within);
}

TEST_F(GuardTest, AFigureOverALongTimeForgivesNothing) {
    EXPECT_EQ(after(10s, 100), Verdict::above);
    EXPECT_EQ(after(24h, 0), Verdict::within);
    EXPECT_EQ(after(10s, 100), Verdict::roll_back);
}

TEST_F(GuardTest, AFigureOverALongTimeIsAStrikeIfItIsAbove) {
    EXPECT_EQ(after(1h, 100), Verdict::above);
    EXPECT_EQ(after(10s, 100), Verdict::roll_back);
}

TEST_F(GuardTest, ARunTimeBeyondReasonIsTheLargestFigure) {
    auto sample = host.after(10s, 0);
    sample.run_time_ns = ~std::uint64_t{0};
    EXPECT_EQ(guard.look(sample), Verdict::above);
    EXPECT_EQ(guard.millipercent(), ~std::uint32_t{0});
}

TEST_F(GuardTest, TwoSamplesAtOnceGiveNoFigure) {
    EXPECT_EQ(guard.look(host.sample()), Verdict::unknown);
}

}  // namespace
}  // namespace bulkhead::broker
