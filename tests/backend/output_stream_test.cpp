#include "tests/backend/output_stream.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace bulkhead::reference {
namespace {

constexpr const char* kSha256OfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(OutputStream, HashesWhatItTookWithoutWhatCameTwice) {
    OutputStream stream(KeepOutput::memory, {});
    stream.take(0, "ab", false);
    EXPECT_EQ(stream.take(1, "bc", true).fresh, "c");
    EXPECT_EQ(stream.sha256(), kSha256OfAbc);
    EXPECT_EQ(stream.text(), "abc");
}

TEST(OutputStream, TakesNothingBehindAGap) {
    OutputStream stream(KeepOutput::memory, {});
    const auto taken = stream.take(1, "b", true);
    EXPECT_FALSE(taken.accepted);
    EXPECT_EQ(taken.next_offset, 0U);
    EXPECT_EQ(stream.held(), 0U);
}

TEST(OutputStream, AHoleThatBeginsBehindAGapIsAGap) {
    OutputStream stream(KeepOutput::memory, {});
    EXPECT_FALSE(stream.take_after_hole(5, 10, "x", false).accepted);
    EXPECT_TRUE(stream.holes().empty());
}

TEST(OutputStream, AHoleAtTheEndNeedsNoOctetsBehindIt) {
    OutputStream stream(KeepOutput::memory, {});
    stream.take(0, "abc", false);
    EXPECT_EQ(stream.take_after_hole(3, 100, "", false).next_offset, 100U);
    EXPECT_EQ(stream.held(), 3U);
    EXPECT_EQ(stream.sha256(), kSha256OfAbc);
}

TEST(OutputStream, InAFileItReadsBackItsEnd) {
    const auto file = std::filesystem::path(testing::TempDir()) / "output_stream_test.out";
    {
        OutputStream stream(KeepOutput::file, file);
        stream.append("hello ");
        stream.append("world");
        EXPECT_EQ(stream.text(), "hello world");
        EXPECT_EQ(stream.text(5), "world");
    }
    std::filesystem::remove(file);
}

TEST(OutputStream, WhenOnlyCountingItKeepsNothingButKnowsTheHash) {
    OutputStream stream(KeepOutput::count_only, {});
    stream.append("abc");
    EXPECT_EQ(stream.text(), "");
    EXPECT_EQ(stream.held(), 3U);
    EXPECT_EQ(stream.sha256(), kSha256OfAbc);
}

}  // namespace
}  // namespace bulkhead::reference
