// Uploads over minutes, in no time.
#include "worker/duties/upload_pacing.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using Time = UploadPacing::Time;

// Long after the clock began, as any host's is.
const Time kStart = Time{} + 24h;

JobTraits usual() { return {.flush_interval = 1s, .max_chunk_bytes = 1_MiB}; }

UploadPacing pacing(const JobTraits& traits = usual()) { return {traits, 20s}; }

TEST(UploadPacing, TheFirstOctetsLeaveAtOnceAndWhatFollowsLeavesAMomentLater) {
    auto pace = pacing();
    EXPECT_TRUE(pace.may_send(kStart, 1, false));
    pace.output_sent(kStart, 1);
    EXPECT_FALSE(pace.may_send(kStart + 5ms, 1, false));
    EXPECT_EQ(pace.time_until_flush(kStart + 5ms), 15ms);
    EXPECT_TRUE(pace.may_send(kStart + 20ms, 1, false));
}

TEST(UploadPacing, AStreamOfSmallChunksIsSentOnceInAnInterval) {
    auto pace = pacing();
    std::vector<std::chrono::milliseconds> sent;
    for (auto now = kStart; now < kStart + 3500ms; now += 5ms) {
        if (!pace.may_send(now, 100, false)) continue;
        pace.output_sent(now, 100);
        sent.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - kStart));
    }
    EXPECT_EQ(sent, (std::vector{0ms, 20ms, 1020ms, 1040ms, 2040ms, 2060ms, 3060ms, 3080ms}))
        << "a chunk that left by itself an interval after the last follows a silence";
}

TEST(UploadPacing, WhatWasFlushedByATimerIsNoEndOfASilence) {
    auto pace = pacing();
    pace.output_sent(kStart, 1);
    pace.flush();
    EXPECT_TRUE(pace.may_send(kStart + 20ms, 1, false));
    pace.output_sent(kStart + 20ms, 1);
    EXPECT_EQ(pace.time_until_flush(kStart + 20ms), 1s);
    pace.flush();
    pace.output_sent(kStart + 1020ms, 1);
    EXPECT_EQ(pace.time_until_flush(kStart + 1020ms), 1s);
}

TEST(UploadPacing, ALargeChunkAndTheLastOneDoNotWait) {
    auto pace = pacing();
    pace.output_sent(kStart, 1);
    EXPECT_FALSE(pace.may_send(kStart, UploadPacing::kWorthAtOnce - 1, false));
    EXPECT_TRUE(pace.may_send(kStart, UploadPacing::kWorthAtOnce, false));
    EXPECT_TRUE(pace.may_send(kStart, 1, true));
}

TEST(UploadPacing, AChunkThatIsAsLargeAsAllowedDoesNotWait) {
    auto pace = pacing({.flush_interval = 1s, .max_chunk_bytes = 4_KiB});
    pace.output_sent(kStart, 1);
    EXPECT_FALSE(pace.may_send(kStart, 4_KiB - 1, false));
    EXPECT_TRUE(pace.may_send(kStart, 4_KiB, false));
}

TEST(UploadPacing, WhatMayGoWithTheResultIsGivenAMomentEvenAfterASilence) {
    auto traits = usual();
    traits.last_output_in_result = true;
    auto pace = pacing(traits);
    EXPECT_FALSE(pace.may_send(kStart, 1, false));
    EXPECT_EQ(pace.time_until_flush(kStart), UploadPacing::kGather);
    pace.flush();
    EXPECT_TRUE(pace.may_send(kStart + 20ms, 1, false));
}

TEST(UploadPacing, AWaitIsRoundedUpSoThatItsTimerIsNotEarly) {
    auto pace = pacing();
    pace.output_sent(kStart, 1);
    EXPECT_EQ(pace.time_until_flush(kStart + 1us), 20ms);
}

TEST(UploadPacing, WhatIsTooLargeIsHalvedDownToTheSmallestChunk) {
    auto pace = pacing();
    int tries = 0;
    do {
        pace.output_sent(kStart, pace.max_chunk());
        ++tries;
    } while (pace.halve());
    EXPECT_EQ(pace.max_chunk(), UploadPacing::kSmallestChunk);
    EXPECT_EQ(tries, 11) << "1 MiB, 512 KiB, ... 1 KiB";
}

TEST(UploadPacing, HalfIsOfWhatWasSentAndNotOfWhatWasAllowed) {
    auto pace = pacing();
    pace.output_sent(kStart, 10'000);
    EXPECT_TRUE(pace.halve());
    EXPECT_EQ(pace.max_chunk(), 5'000U);
    pace.result_sent(0);
    EXPECT_FALSE(pace.halve()) << "a result without output cannot be made smaller";
    EXPECT_EQ(pace.max_chunk(), 5'000U);
}

TEST(UploadPacing, ChunksGrowAgainOnlyWhenAFullOneWasAnsweredQuickly) {
    auto pace = pacing();
    pace.output_sent(kStart, 1_MiB);
    ASSERT_TRUE(pace.halve());
    ASSERT_EQ(pace.max_chunk(), 512_KiB);
    pace.output_sent(kStart, 512_KiB - 1);
    pace.accepted(kStart + 1s);
    EXPECT_EQ(pace.max_chunk(), 512_KiB) << "it was not full";
    pace.output_sent(kStart, 512_KiB);
    pace.accepted(kStart + 5s);
    EXPECT_EQ(pace.max_chunk(), 512_KiB) << "a quarter of the timeout is not quick";
    pace.output_sent(kStart, 512_KiB);
    pace.accepted(kStart + 4s);
    EXPECT_EQ(pace.max_chunk(), 1_MiB);
    pace.output_sent(kStart, 1_MiB);
    pace.accepted(kStart + 1s);
    EXPECT_EQ(pace.max_chunk(), 1_MiB) << "the dialect allows no more";
}

}  // namespace
}  // namespace bulkhead::worker
