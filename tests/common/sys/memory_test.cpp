#include "common/sys/memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "common/base/parse.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::sys {
namespace {

// Of this process, in KiB: "RssAnon" is what it wrote, "RssFile" what it shares with files.
std::uint64_t resident(const std::string& kind) {
    const auto text = test::content_of("/proc/self/status");
    for (const auto line : split(std::string_view(text), '\n')) {
        const auto parts = words(line);
        if (parts.size() == 3 && parts[0] == kind + ":") {
            return parse_number<std::uint64_t>(parts[1]).value_or(0);
        }
    }
    return 0;
}

// Blocks that malloc(3) keeps for later when they are freed, because one above them is not.
TEST(Memory, ThatIsFreeInTheHeapGoesBackToTheKernel) {
#ifdef BULKHEAD_SANITIZED
    GTEST_SKIP() << "a sanitizer has a heap of its own";
#endif
    constexpr std::size_t kBlock = 4000;
    constexpr std::size_t kBlocks = 2000;
    std::vector<std::unique_ptr<std::string>> blocks;
    for (std::size_t i = 0; i < kBlocks; ++i) {
        blocks.push_back(std::make_unique<std::string>(kBlock, 'x'));
    }
    const auto last = std::move(blocks.back());
    blocks.clear();
    const auto before = resident("RssAnon");
    give_back_memory();
    const auto after = resident("RssAnon");
    EXPECT_LT(after + kBlock * kBlocks / 1024 / 2, before) << before << " -> " << after;
    EXPECT_EQ(*last, std::string(kBlock, 'x'));
}

std::array<const char*, 3> relocated{"a", "b", "c"};
const std::array<const char* const*, 2> constant{&relocated[1], &relocated[2]};
int written = 1;

TEST(Memory, OfFilesGoesAndComesBackAsItWas) {
    written = 7;
    relocated[0] = "z";
    const auto before = resident("RssFile");
    ASSERT_GT(before, 0U);
    give_back_memory();
    const auto after = resident("RssFile");
    EXPECT_LT(after, before);
    EXPECT_EQ(written, 7);
    EXPECT_STREQ(relocated[0], "z");
    EXPECT_STREQ(*constant[0], "b");
    EXPECT_STREQ(*constant[1], "c");
    EXPECT_NE(std::getenv("PATH"), nullptr);
}

}  // namespace
}  // namespace bulkhead::sys
