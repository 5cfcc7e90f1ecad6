// docs/kernels.md says of the shipped profiles what follows from policy/.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "common/policy/load.hpp"
#include "common/policy/walls.hpp"

namespace {

using namespace bulkhead;

std::string page(const std::string& name) {
    std::ifstream file(SOURCE_TREE "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The oldest kernel that has all of them.
std::string since(const std::set<std::string, std::less<>>& walls) {
    if (walls.contains(policy::kLandlockWall)) return "5.13, with Landlock enabled ";
    return walls.empty() ? "" : "5.12 ";
}

TEST(KernelsPage, SaysWhatEachShippedProfileCannotDoWithout) {
    const auto policy = policy::load(SOURCE_TREE "/policy", policy::Trust::caller).value();
    const auto text = page("docs/kernels.md");
    for (const auto& [name, profile] : policy.profiles) {
        const auto walls = policy::obligatory_walls(profile);
        std::string row = "\n| `" + name + "` | ";
        for (const auto& wall : walls) row += (wall == *walls.begin() ? "`" : ", `") + wall + "`";
        row += (walls.empty() ? "nothing | " : " | ") + since(walls) + "|";
        EXPECT_TRUE(text.contains(row)) << "no row" << row;
    }
}

}  // namespace
