#include "worker/backend/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulkhead::worker {
namespace {

TEST(Registry, EveryDialectCanBeMadeFromItsDefaults) {
    ASSERT_EQ(dialects().size(), 2U);
    for (const auto& row : dialects()) {
        const auto dialect = row.make({});
        ASSERT_TRUE(dialect) << row.name;
        EXPECT_EQ(dialect->enrollment() != nullptr, row.enrolls) << row.name;
        EXPECT_EQ(find_dialect(row.name), &row);
    }
    EXPECT_EQ(find_dialect("bulkheat"), nullptr);
}

TEST(Registry, VariablesOfOtherAgentsMeanOptionsThatExist) {
    for (const auto& row : dialects()) {
        for (const auto& [variable, setting] : row.variables) {
            if (!setting.starts_with("options.")) continue;
            const auto known = std::ranges::any_of(row.options, [&](const DialectOption& option) {
                return option.name == setting.substr(8);
            });
            EXPECT_TRUE(known) << variable;
        }
    }
}

}  // namespace
}  // namespace bulkhead::worker
