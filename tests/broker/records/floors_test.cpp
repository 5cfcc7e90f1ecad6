// The ledger's two floors: what raises them, what they keep from being forgotten, and how an
// operator lowers them.
#include <gmock/gmock.h>

#include "broker/records/ledger.hpp"
#include "tests/broker/records/samples.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kYear{24 * 365};

class Floors : public testing::Test {
  protected:
    Ledger& open() {
        ledger_ = fail("closed");
        ledger_ = Ledger::open(dir_.open(), kNoon);
        return *ledger_;
    }
    void ran(Start start) {
        const auto number = open_ledger().start(start);
        ASSERT_OK(number);
        ASSERT_TRUE(open_ledger().end(*number, sample_end(), start.started));
        ASSERT_TRUE(open_ledger().reported(*number));
    }
    Ledger& open_ledger() { return ledger_ ? *ledger_ : open(); }
    bool knows(const Start& start) {
        return std::ranges::any_of(open_ledger().view().runs,
                                   [&](const auto& run) { return run.manifest == start.manifest; });
    }
    // Enough for a rewrite, each of an hour after the one before.
    void pass(UnixTime from, std::size_t readings = Ledger::kMuchGarbage + 2,
              Grade grade = Grade::unsure) {
        for (std::size_t i = 0; i < readings; ++i) {
            ASSERT_TRUE(open_ledger().note_time(from + hours(i), grade));
        }
    }

    test::TempDir dir_;
    Result<Ledger> ledger_ = fail("not open");
};

TEST_F(Floors, EachGradeRaisesItsOwnAndARestartLowersNone) {
    auto* ledger = &open();
    ASSERT_TRUE(ledger->note_time(kNoon + kYear, Grade::wrong));
    EXPECT_EQ(ledger->unsure_floor(), UnixTime{});
    ASSERT_TRUE(ledger->note_time(kNoon + kYear, Grade::unsure));
    EXPECT_EQ(ledger->unsure_floor(), kNoon + kYear);
    EXPECT_EQ(ledger->trusted_floor(), kBuiltAfter);
    ASSERT_TRUE(ledger->note_time(kNoon, Grade::trusted));
    ASSERT_TRUE(ledger->note_time(kNoon + minutes(10), Grade::held));
    ledger = &open();
    EXPECT_EQ(ledger->unsure_floor(), kNoon + kYear);
    EXPECT_EQ(ledger->trusted_floor(), kNoon);
    EXPECT_EQ(ledger->view().clock_floor, kNoon);
    EXPECT_EQ(ledger->view().unsure_floor, kNoon + kYear);
}

TEST_F(Floors, ARewriteKeepsBoth) {
    open();
    ASSERT_TRUE(ledger_->note_time(kNoon, Grade::trusted));
    pass(kNoon + kYear);
    const auto floor = ledger_->unsure_floor();
    EXPECT_LT(open().records(), 3000U);
    EXPECT_EQ(open_ledger().trusted_floor(), kNoon);
    EXPECT_EQ(open_ledger().unsure_floor(), floor);
}

TEST_F(Floors, AResetLowersTheUnsureOneAndForgetsNothing) {
    open();
    ASSERT_TRUE(ledger_->note_time(kNoon, Grade::trusted));
    ran(sample_start(1, kNoon));
    ASSERT_TRUE(ledger_->note_time(kNoon + kYear, Grade::unsure));
    auto repeatable = sample_start(2, kNoon + kYear, seconds(0));
    repeatable.period = 3600;
    ran(repeatable);
    const auto next = ledger_->start(sample_start(3, kNoon + kYear));
    ASSERT_OK(next);
    const auto right = kNoon + hours(1);
    const auto before = ledger_->records();
    ASSERT_TRUE(ledger_->reset_floor(right, false));
    EXPECT_GT(ledger_->records(), before) << "the count only rises";
    open();
    EXPECT_EQ(ledger_->unsure_floor(), right);
    EXPECT_EQ(ledger_->trusted_floor(), kNoon);
    ASSERT_EQ(ledger_->view().runs.size(), 3U);
    // Else a quota would count it for a year.
    EXPECT_EQ(ledger_->view().runs[1].started, right);
    EXPECT_EQ(ledger_->view().runs[1].period, 3600U);
    EXPECT_EQ(ledger_->view().runs[0].not_after, sample_start(1).not_after);
    EXPECT_FALSE(ledger_->view().after_loss);
    EXPECT_EQ(ledger_->unreported().size(), 1U) << "the one that was open is interrupted, not gone";
    const auto later = ledger_->start(sample_start(4));
    ASSERT_OK(later);
    EXPECT_GT(later->value, next->value);
}

TEST_F(Floors, TheTrustedOneTakesMore) {
    open();
    ASSERT_TRUE(ledger_->note_time(kNoon + kYear, Grade::trusted));
    ASSERT_TRUE(ledger_->settle_birth({kNoon + kYear, sys::read_clocks().up}));
    ASSERT_TRUE(ledger_->reset_floor(kNoon, false));
    EXPECT_EQ(ledger_->trusted_floor(), kNoon + kYear);
    ASSERT_TRUE(ledger_->reset_floor(kNoon, true));
    EXPECT_EQ(open().trusted_floor(), kNoon);
    EXPECT_FALSE(ledger_->view().birth) << "it was dated by the wrong clock";
    ASSERT_TRUE(ledger_->reset_floor(UnixTime{}, true));
    EXPECT_EQ(ledger_->trusted_floor(), kBuiltAfter);
}

// Over 400 days after the approval ended, by that clock.
TEST_F(Floors, AnUnsureClockDropsNothing) {
    open();
    const auto live = sample_start(1, kNoon, hours(24 * 30));
    auto repeatable = sample_start(2, kNoon, seconds(0));
    repeatable.period = 86'400;
    ran(live);
    ran(repeatable);
    pass(kNoon + 3 * kYear);
    EXPECT_LT(open().records(), 3000U) << "a rewrite came by";
    ASSERT_TRUE(ledger_->reset_floor(kNoon + hours(1), false));
    EXPECT_TRUE(knows(live));
    EXPECT_TRUE(knows(repeatable));
    EXPECT_FALSE(ledger_->view().after_loss);
    EXPECT_EQ(ledger_->view().dropped_once, UnixTime{});
    EXPECT_EQ(ledger_->view().dropped_quota, UnixTime{});
}

TEST_F(Floors, WhatATrustedClockDroppedIsTold) {
    open();
    const auto live = sample_start(1, kNoon, hours(24 * 30));
    auto repeatable = sample_start(2, kNoon + 3 * kYear, seconds(0));
    repeatable.period = 3600;
    ran(live);
    ASSERT_TRUE(ledger_->note_time(kNoon + 3 * kYear));
    ran(repeatable);
    pass(kNoon + 3 * kYear + hours(2), Ledger::kMuchGarbage + 2, Grade::trusted);
    ASSERT_FALSE(knows(live)) << "a rewrite came by";
    ASSERT_FALSE(knows(repeatable));
    EXPECT_EQ(open().view().dropped_once, live.not_after);
    EXPECT_EQ(ledger_->view().dropped_quota, kNoon + 3 * kYear + hours(1));
    const auto right = kNoon + hours(1);
    ASSERT_TRUE(ledger_->reset_floor(right, true));
    EXPECT_EQ(open().view().dropped_once, live.not_after) << "a reset does not undo it";
    EXPECT_EQ(ledger_->view().dropped_quota, right + hours(24)) << "as of the reset at the latest";
    pass(right + hours(24), Ledger::kMuchGarbage + 2, Grade::trusted);
    EXPECT_EQ(open().view().dropped_once, live.not_after) << "nor does a rewrite";
}

// A host whose clock nobody vouches for, ever.
TEST_F(Floors, WithManyStartsAnUnsureClockDropsThemAsWell) {
    std::vector<Record> records{header_record(1, {.count = 1, .birth = 1}, kBuiltAfter)};
    for (std::uint64_t n = 1; n <= kCrowded + 1; ++n) records.push_back(ran_record(n));
    ASSERT_TRUE(dir_.open().write_atomic("ledger", file_of(records), 0600));
    open();
    ASSERT_TRUE(ledger_->note_time(kNoon + 3 * kYear, Grade::unsure));
    EXPECT_EQ(open().view().runs.size(), 0U);
    EXPECT_EQ(ledger_->view().dropped_once, records[1].start.not_after);
}

TEST_F(Floors, AVersionThatKnowsOneFloorGetsTheLater) {
    open();
    ASSERT_TRUE(ledger_->note_time(kNoon, Grade::trusted));
    ASSERT_TRUE(ledger_->note_time(kNoon + kYear, Grade::unsure));
    ASSERT_TRUE(ledger_->write_for_old_version());
    EXPECT_EQ(ledger_->trusted_floor(), kNoon + kYear);
    EXPECT_EQ(ledger_->unsure_floor(), UnixTime{});
}

TEST(TrustedClock, TheKernelsWordOrAnHourThatNobodySetIt) {
    TrustedClock clock;
    sys::TwoClocks reading{kNoon, hours(7)};
    bool synchronised = false;
    const auto pass = [&](seconds real, seconds shown) {
        reading.up += real;
        reading.now += shown;
        return clock.judge(reading, synchronised);
    };
    EXPECT_EQ(clock.judge(reading, false), Grade::unsure);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(pass(minutes(10), minutes(10)), Grade::unsure);
    EXPECT_EQ(pass(minutes(10), minutes(10)), Grade::held);
    EXPECT_EQ(pass(minutes(10), minutes(10) + seconds(2)), Grade::held) << "slewed";
    EXPECT_EQ(pass(minutes(10), hours(24)), Grade::unsure) << "set forward";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(pass(minutes(10), minutes(10)), Grade::unsure);
    EXPECT_EQ(pass(minutes(10), minutes(10)), Grade::held);
    synchronised = true;
    EXPECT_EQ(pass(minutes(10), minutes(10)), Grade::trusted);
    EXPECT_EQ(pass(minutes(10), -hours(24)), Grade::unsure) << "set by whoever told nobody";
    EXPECT_EQ(pass(minutes(10), minutes(10)), Grade::trusted);
    synchronised = false;
    EXPECT_EQ(pass(minutes(49), minutes(49)), Grade::unsure);
    EXPECT_EQ(pass(minutes(1), minutes(1)), Grade::held);
}

TEST(TrustedClock, TheFirstReadingOfASynchronisedOneIsTrusted) {
    EXPECT_EQ(TrustedClock().judge({kNoon, hours(1)}, true), Grade::trusted);
}

TEST(TrustedClock, BeforeThisSourceWasWrittenItIsWrong) {
    for (const bool synchronised : {false, true}) {
        TrustedClock clock;
        EXPECT_EQ(clock.judge({kBuiltAfter - hours(24), seconds(0)}, synchronised), Grade::wrong);
        EXPECT_EQ(clock.judge({kBuiltAfter - hours(22), hours(2)}, synchronised), Grade::wrong);
        EXPECT_EQ(clock.judge({UnixTime{} + hours(3), hours(3)}, synchronised), Grade::wrong);
    }
}

}  // namespace
}  // namespace bulkhead::records
