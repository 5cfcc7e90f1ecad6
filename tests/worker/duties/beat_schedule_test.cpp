// Reports over hours, in no time.
#include "worker/duties/beat_schedule.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;
using Time = BeatSchedule::Time;
using Seconds = std::vector<int>;

// A host whose clock a test turns, and a backend that answers as it is told.
class World {
  public:
    // Every random share is a half, so that what is spread can be reckoned with.
    World(DialectTraits traits, std::chrono::seconds interval)
        : schedule_(traits, [] { return 0.5; }) {
        schedule_.start(now_, interval);
    }

    // What the backend says from now on; nothing: it does not answer.
    void answers(std::optional<Failure> failure) { setback_ = std::move(failure); }
    void answers() { setback_.reset(); }
    void asks_for(std::chrono::seconds interval) { asked_ = interval; }
    void falls_silent() { silent_ = true; }
    void breaks_silence() {
        silent_ = false;
        answer();
    }

    void pass(std::chrono::seconds span) {
        const auto until = now_ + span;
        while (schedule_.next() <= until) {
            now_ = std::max(now_, schedule_.next());
            const auto due = schedule_.wake(now_);
            if (due.sample) samples_.push_back(seconds());
            if (!due.send) continue;
            sent_.push_back(seconds());
            if (!silent_) answer();
        }
        now_ = until;
    }

    // When, in seconds from the start.
    const Seconds& sent() const { return sent_; }
    const Seconds& samples() const { return samples_; }
    void forget() {
        sent_.clear();
        samples_.clear();
    }

  private:
    int seconds() const {
        return static_cast<int>(std::chrono::floor<std::chrono::seconds>(now_ - Time{}).count());
    }
    void answer() {
        if (setback_) return schedule_.failed(now_, *setback_);
        schedule_.delivered(now_, std::exchange(asked_, std::nullopt));
    }

    Time now_{};
    BeatSchedule schedule_;
    std::optional<Failure> setback_;
    std::optional<std::chrono::seconds> asked_;
    bool silent_ = false;
    Seconds sent_;
    Seconds samples_;
};

DialectTraits usual() { return {}; }
// As LunaSentri's agent: 5 s, 10 s, 20 s.
DialectTraits fixed() {
    return {.first_after_interval = true, .retries = Retries{.first = 5s, .most = 3}};
}
DialectTraits patient() { return {.retries = Retries{}, .longest_rejected_pause = 0s}; }

TEST(BeatSchedule, TheFirstIsSentAtOnceAndTheSecondAtARandomMoment) {
    World world(usual(), 60s);
    world.pass(200s);
    EXPECT_EQ(world.sent(), (Seconds{0, 30, 90, 150}));
}

TEST(BeatSchedule, TheFirstMayHaveToWaitForAnIntervalToMeasure) {
    World world(fixed(), 10s);
    world.pass(36s);
    EXPECT_EQ(world.sent(), (Seconds{10, 15, 25, 35}));
}

TEST(BeatSchedule, RetriesWaitTwiceAsLongEachTimeWhileSamplesGoOn) {
    World world(fixed(), 10s);
    world.pass(26s);  // reports at 10, 15 and 25; the next sample is at 35
    world.forget();
    world.answers(Failure{.kind = Kind::retry});
    world.pass(70s);
    EXPECT_EQ(world.sent(), (Seconds{35, 40, 50, 70, 75, 80, 90}))
        << "three retries, then the next report, which is a new one";
    EXPECT_EQ(world.samples(), (Seconds{35, 45, 55, 65, 75, 85, 95}));
}

TEST(BeatSchedule, EvenAThousandRetriesWaitAtMostADay) {
    World world({.first_after_interval = true, .retries = Retries{.first = 5s, .most = 1'000}}, 1h);
    world.answers(Failure{.kind = Kind::retry});
    world.pass(24h * 100);
    EXPECT_GT(world.sent().size(), 80U);
    EXPECT_LT(world.sent().size(), 130U) << "no burst once the doubling has an end";
}

TEST(BeatSchedule, AnOutageOfHoursEndsWithTheNextTryAndCostsNoBurst) {
    World world(fixed(), 10s);
    world.answers(Failure{.kind = Kind::retry});
    world.pass(6h);
    EXPECT_LT(world.sent().size(), 6 * 3600 / 9U);
    world.forget();
    world.answers();
    world.pass(60s);
    EXPECT_LE(world.sent().size(), 7U) << "none of the missed ones is made up for";
    EXPECT_GE(world.sent().size(), 5U);
}

TEST(BeatSchedule, WithoutAFixedPlanARetryComesSoonAndNeverLaterThanTheNextReport) {
    World world(usual(), 60s);
    world.pass(31s);
    world.forget();
    world.answers(Failure{.kind = Kind::retry});
    world.pass(10min);
    for (std::size_t i = 1; i < world.sent().size(); ++i) {
        EXPECT_LE(world.sent()[i] - world.sent()[i - 1], 61);
    }
    EXPECT_GT(world.sent().size(), 10U);
}

TEST(BeatSchedule, WithoutAFixedPlanAnIntervalHasOneRetryLaterEachTimeAndAtLastNone) {
    World world(usual(), 60s);
    world.pass(31s);
    world.forget();
    world.answers(Failure{.kind = Kind::retry});
    world.pass(6min);
    EXPECT_EQ(world.sent(), (Seconds{90, 97, 150, 165, 210, 240, 270, 330, 390}));
    world.answers();
    world.pass(2min);
    world.forget();
    world.answers(Failure{.kind = Kind::retry});
    world.pass(70s);
    EXPECT_EQ(world.sent(), (Seconds{570, 577})) << "soon again after a success";
}

TEST(BeatSchedule, WhatWasRefusedIsNotRepeated) {
    for (const auto kind : {Kind::refused, Kind::too_large, Kind::unknown_job}) {
        World world(fixed(), 10s);
        world.answers(Failure{.kind = kind});
        world.pass(36s);
        EXPECT_EQ(world.sent(), (Seconds{10, 15, 25, 35}));
    }
}

TEST(BeatSchedule, ARejectedCredentialIsTriedLessAndLessOften) {
    World world(fixed(), 10s);
    world.pass(16s);
    world.forget();
    world.answers(Failure{.kind = Kind::credential_rejected});
    world.pass(1000s);
    EXPECT_EQ(world.sent(), (Seconds{25, 35, 55, 95, 175, 335, 635, 935}))
        << "the pause doubles up to five minutes";
    EXPECT_EQ(world.samples().size(), 100U);
    world.forget();
    world.answers();
    world.pass(320s);
    EXPECT_EQ(world.sent().front(), 1235);
    EXPECT_EQ(world.sent().size(), 11U) << "and all is as before once it is taken again";
}

TEST(BeatSchedule, ADialectMayKnockAtEveryTick) {
    World world(patient(), 30s);
    world.answers(Failure{.kind = Kind::credential_rejected});
    world.pass(140s);
    EXPECT_EQ(world.sent(), (Seconds{0, 15, 45, 75, 105, 135}));
    World other(patient(), 30s);
    other.answers(Failure{.kind = Kind::retry});
    other.pass(140s);
    EXPECT_EQ(other.sent(), (Seconds{0, 15, 45, 75, 105, 135})) << "no retry before the next tick";
}

TEST(BeatSchedule, ABackendThatAsksForPatienceGetsIt) {
    World world(fixed(), 10s);
    world.answers(Failure{.kind = Kind::retry, .retry_after = 100s});
    world.pass(60s);
    EXPECT_EQ(world.sent(), (Seconds{10}));
    world.answers();
    world.pass(60s);
    EXPECT_EQ(world.sent().size(), 3U);
    EXPECT_GE(world.sent()[1], 110);
}

TEST(BeatSchedule, AHostileRetryAfterEndsWithinTheHour) {
    World world(usual(), 60s);
    world.answers(Failure{.kind = Kind::retry, .retry_after = 24h});
    world.pass(61min);
    EXPECT_EQ(world.sent().size(), 2U);
}

TEST(BeatSchedule, OneReportIsUnderWayAtATime) {
    World world(fixed(), 10s);
    world.falls_silent();
    world.pass(50s);
    EXPECT_EQ(world.sent(), (Seconds{10}));
    EXPECT_EQ(world.samples(), (Seconds{10, 15, 25, 35, 45}));
    world.breaks_silence();
    world.pass(10s);
    EXPECT_EQ(world.sent(), (Seconds{10, 55}));
}

TEST(BeatSchedule, AnotherIntervalIsHonouredAndSpread) {
    World world(usual(), 60s);
    world.asks_for(20s);
    world.pass(60s);
    EXPECT_EQ(world.sent(), (Seconds{0, 10, 30, 50}));
}

// A suspended machine, or a loop that was busy: one sample, not one for each that was missed.
TEST(BeatSchedule, WhatWasSleptThroughIsNotMadeUpFor) {
    BeatSchedule schedule(usual(), [] { return 0.5; });
    const Time start{};
    schedule.start(start, 10s);
    EXPECT_TRUE(schedule.wake(start).send);
    schedule.delivered(start, {});
    const auto late = start + 24h;
    EXPECT_TRUE(schedule.wake(late).send);
    EXPECT_EQ(schedule.next(), late + 10s);
}

}  // namespace
}  // namespace bulkhead::worker
