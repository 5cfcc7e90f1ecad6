// docs/kernels.md says of the shipped profiles what follows from policy/.
#include <gtest/gtest.h>

#include "common/policy/load.hpp"
#include "common/policy/wall.hpp"
#include "common/policy/walls.hpp"
#include "tests/support/files.hpp"

namespace {

using namespace bulkhead;

// The oldest kernel that has all of them.
std::string since(const std::set<std::string, std::less<>>& walls) {
    if (walls.contains(policy::kLandlockWall)) return "5.13, with Landlock enabled ";
    return walls.empty() ? "" : "5.12 ";
}

TEST(KernelsPage, SaysWhatEachShippedProfileCannotDoWithout) {
    const auto policy = policy::load(SOURCE_TREE "/policy", policy::Trust::caller).value();
    const auto text = test::content_of(SOURCE_TREE "/docs/kernels.md");
    for (const auto& [name, profile] : policy.profiles) {
        const auto walls = policy::obligatory_walls(profile);
        std::string row = "\n| `" + name + "` | ";
        for (const auto& wall : walls) row += (wall == *walls.begin() ? "`" : ", `") + wall + "`";
        row += (walls.empty() ? "nothing | " : " | ") + since(walls) + "|";
        EXPECT_TRUE(text.contains(row)) << "no row" << row;
    }
}

TEST(KernelsPage, HasARowForEachWallThatAHostMayLack) {
    const auto text = test::content_of(SOURCE_TREE "/docs/kernels.md");
    const auto begin = text.find("| said to be missing");
    const auto table = text.substr(begin, text.find("\n\n", begin) - begin);
    std::string rows;
    for (const auto& row : policy::walls()) {
        if (!policy::may_lack(row)) continue;
        rows += "| `" + std::string(row.name) + "` | " + std::string(row.since) + " |\n";
    }
    std::string found;
    for (std::size_t at = table.find("\n| `"); at != table.npos; at = table.find("\n| `", at + 1)) {
        const auto name_end = table.find(" | ", at);
        found += table.substr(at + 1, table.find(" |", name_end + 3) + 2 - at - 1) + "\n";
    }
    EXPECT_EQ(found, rows) << "name and version come from common/policy/wall.cpp";
}

}  // namespace
