#include "worker/state/spool/retention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/base/strong.hpp"

namespace bulkhead::worker {
namespace {

std::uint64_t kept_of(const RetainedRanges& stream) {
    return stream.head_end + stream.received - stream.tail_start;
}

TEST(Retention, KeepsTheFirstBytesAndTheLastOnes) {
    RetainedRanges out;
    RetainedRanges err;
    note_received(out, err, 10_MiB, 1_MiB);
    EXPECT_EQ(out.head_end, 1_MiB - 128_KiB);
    EXPECT_EQ(out.tail_start, 10_MiB - 128_KiB);
    // Standard error was silent so far; its share of the tail is still its own.
    note_received(err, out, 5_MiB, 1_MiB);
    EXPECT_EQ(err.head_end, 0U);
    EXPECT_EQ(err.tail_start, 5_MiB - 64_KiB);
    EXPECT_EQ(out.tail_start, 10_MiB - 64_KiB);
}

TEST(Retention, DropsNothingUpToTheLimit) {
    RetainedRanges out;
    RetainedRanges err;
    note_received(out, err, 1_MiB - 1, 1_MiB);
    note_received(err, out, 1, 1_MiB);
    EXPECT_EQ(out.tail_start, out.head_end);
    EXPECT_EQ(err.tail_start, err.head_end);
    note_received(err, out, 1, 1_MiB);
    EXPECT_EQ(kept_of(out) + kept_of(err), 1_MiB);
}

TEST(Retention, OfALimitOfZeroKeepsNothing) {
    RetainedRanges out;
    RetainedRanges err;
    note_received(out, err, 1000, 0);
    EXPECT_EQ(kept_of(out), 0U);
    EXPECT_EQ(out.received, 1000U);
}

TEST(Retention, KeepsExactlyTheLimitWhateverTheOrder) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 2000; ++round) {
        const std::uint64_t limit = random() % (round % 2 == 0 ? 400'000 : 50);
        RetainedRanges streams[2];
        RetainedRanges before[2];
        for (int step = 0; step < 40; ++step) {
            const auto which = random() % 2;
            std::copy(std::begin(streams), std::end(streams), std::begin(before));
            note_received(streams[which], streams[1 - which], random() % (1 + limit / 8), limit);
            const auto total = streams[0].received + streams[1].received;
            ASSERT_EQ(kept_of(streams[0]) + kept_of(streams[1]), std::min(total, limit));
            for (int i = 0; i < 2; ++i) {
                ASSERT_LE(streams[i].head_end, streams[i].tail_start);
                ASSERT_LE(streams[i].tail_start, streams[i].received);
                // What was dropped never comes back, and a head is never taken back.
                ASSERT_GE(streams[i].tail_start, before[i].tail_start);
                ASSERT_GE(streams[i].head_end, before[i].head_end);
                const auto share = std::min<std::uint64_t>(64_KiB, limit / 4);
                ASSERT_GE(kept_of(streams[i]), std::min(streams[i].received, share));
            }
        }
    }
}

// A restarted worker finds in one piece what its predecessor took note of in several.
TEST(Retention, DoesNotDependOnHowOneStreamsBytesWereCounted) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 500; ++round) {
        RetainedRanges out{.received = 3000, .head_end = 3000, .tail_start = 3000};
        RetainedRanges err{.received = random() % 5000};
        err.head_end = err.tail_start = err.received;
        auto [out2, err2] = std::pair(out, err);
        std::uint64_t sum = 0;
        for (int step = 0; step < 5; ++step) {
            const auto count = random() % 4000;
            note_received(out, err, count, 12'000);
            sum += count;
        }
        note_received(out2, err2, sum, 12'000);
        ASSERT_EQ(out.head_end, out2.head_end);
        ASSERT_EQ(out.tail_start, out2.tail_start);
        ASSERT_EQ(err.tail_start, err2.tail_start);
    }
}

}  // namespace
}  // namespace bulkhead::worker
