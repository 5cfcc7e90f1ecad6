#include "worker/host/metrics/memory.hpp"

#include <gtest/gtest.h>

#include "common/base/strong.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::string_view kMeminfo =
    "MemTotal:        8000000 kB\n"
    "MemFree:         1000000 kB\n"
    "MemAvailable:    6000000 kB\n"
    "Buffers:          200000 kB\n"
    "Cached:          4000000 kB\n"
    "SwapCached:            0 kB\n"
    "SwapTotal:       2000000 kB\n"
    "SwapFree:        1500000 kB\n"
    "SReclaimable:     300000 kB\n"
    "HugePages_Total:       0\n";

std::string with(std::string_view line, std::string_view replacement) {
    std::string text(kMeminfo);
    return text.replace(text.find(line), line.size(), replacement);
}

TEST(Memory, IsReadInBytes) {
    const auto memory = parse_memory(kMeminfo);
    ASSERT_OK(memory);
    EXPECT_EQ(memory->total_bytes, 8000000 * 1_KiB);
    EXPECT_EQ(memory->free_bytes, 1000000 * 1_KiB);
    EXPECT_EQ(memory->available_bytes, 6000000 * 1_KiB);
    EXPECT_EQ(memory->buffers_bytes, 200000 * 1_KiB);
    EXPECT_EQ(memory->cached_bytes, 4000000 * 1_KiB);
    EXPECT_EQ(memory->sreclaimable_bytes, 300000 * 1_KiB);
}

TEST(Memory, IsUsedWhenItIsNotAvailable) {
    const auto memory = parse_memory(kMeminfo).value();
    EXPECT_EQ(memory.used_bytes(), 2000000 * 1_KiB);
    EXPECT_DOUBLE_EQ(memory.used_percent(), 25);
}

TEST(Memory, IsUncachedWhenItIsNeitherFreeNorBufferNorCache) {
    const auto memory = parse_memory(kMeminfo).value();
    EXPECT_EQ(memory.uncached_bytes(), 2500000 * 1_KiB);
    EXPECT_DOUBLE_EQ(memory.uncached_percent(), 31.25);
}

TEST(Memory, IsNeverNegativeWhenTheFiguresContradictEachOther) {
    const auto text = with("MemAvailable:    6000000 kB", "MemAvailable:    9000000 kB");
    EXPECT_EQ(parse_memory(text).value().used_bytes(), 0U);
    const auto cached = with("Cached:          4000000 kB", "Cached:          9000000 kB");
    EXPECT_EQ(parse_memory(cached).value().uncached_percent(), 0);
}

TEST(Memory, AnUnexpectedUnitIsAnErrorAndNotANumber) {
    const auto memory = parse_memory(with("6000000 kB", "6000 MB"));
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.error().what, "MemAvailable: expected kB");
}

// As gVisor's, and gopsutil and psutil count them so.
TEST(Memory, WithoutLinesForWhatIsCachedNothingIs) {
    constexpr std::string_view kGvisor =
        "MemTotal:        2097152 kB\nMemFree:         2094452 kB\nMemAvailable:    2094452 kB\n"
        "Buffers:               0 kB\nCached:             2700 kB\nSwapCache:             0 kB\n";
    const auto memory = parse_memory(kGvisor);
    ASSERT_OK(memory);
    EXPECT_EQ(memory->cached_bytes, 2700 * 1_KiB);
    EXPECT_EQ(memory->sreclaimable_bytes, 0U);
    EXPECT_EQ(parse_memory(std::string(kGvisor) + "SReclaimable: 5 MB\n").error().what,
              "SReclaimable: expected kB");
    EXPECT_OK(parse_memory("MemTotal: 8 kB\nMemFree: 5 kB\nMemAvailable: 6 kB\n"));
}

TEST(Memory, AMissingOrMalformedLineIsAnErrorAndNotZero) {
    EXPECT_EQ(parse_memory("").error().what, "MemTotal: missing");
    EXPECT_EQ(parse_memory(with("MemFree:", "MemFred:")).error().what, "MemFree: missing");
    EXPECT_EQ(parse_memory(with("8000000 kB", "8000000")).error().what, "MemTotal: expected kB");
    EXPECT_EQ(parse_memory(with("8000000 kB", "-8 kB")).error().what, "MemTotal: not a number");
    EXPECT_EQ(parse_memory(with("8000000 kB", "0 kB")).error().what, "MemTotal: zero");
}

TEST(Swap, IsReadApartFromMemory) {
    const auto text = with("MemTotal:", "MemTally:");
    const auto swap = parse_swap(text);
    ASSERT_OK(swap);
    EXPECT_EQ(swap->total_bytes, 2000000 * 1_KiB);
    EXPECT_EQ(swap->used_bytes, 500000 * 1_KiB);
    EXPECT_FALSE(parse_memory(text));
}

TEST(Swap, AnUnexpectedUnitIsAnErrorAndNotANumber) {
    EXPECT_EQ(parse_swap(with("1500000 kB", "1500000 B")).error().what, "SwapFree: expected kB");
}

}  // namespace
}  // namespace bulkhead::worker
