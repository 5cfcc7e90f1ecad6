#include "worker/backend/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bulkhead::worker {
namespace {

TEST(Registry, EveryDialectCanBeMadeFromItsDefaults) {
    ASSERT_GE(dialects().size(), 2U);
    for (const auto& row : dialects()) {
        const auto dialect = row.make({});
        ASSERT_TRUE(dialect) << row.name;
        EXPECT_EQ(dialect->enrollment() != nullptr, row.enrolls) << row.name;
        EXPECT_EQ(find_dialect(row.name), &row);
    }
    EXPECT_EQ(find_dialect("bulkheat"), nullptr);
}

TEST(Registry, EachDefaultOfAnOptionIsAcceptedAndExplained) {
    for (const auto& row : dialects()) {
        for (const auto& option : row.options) {
            const auto accepted = option.accepts(option.fallback);
            EXPECT_TRUE(accepted) << row.name << " " << option.name;
            EXPECT_FALSE(option.help.empty()) << row.name << " " << option.name;
        }
    }
}

TEST(Registry, OnlyAUrlNamesAnotherServer) {
    for (const auto& row : dialects()) {
        for (const auto& option : row.options) {
            const bool url = option.type.kind == ValueType::Kind::url;
            EXPECT_EQ(option.names_server, url) << row.name << " " << option.name;
        }
    }
}

TEST(Registry, VariablesOfOtherAgentsMeanOptionsThatExist) {
    for (const auto& row : dialects()) {
        for (const auto& variable : row.variables) {
            const auto setting = variable.setting;
            if (!setting.starts_with("options.")) continue;
            const auto known = std::ranges::any_of(row.options, [&](const DialectOption& option) {
                return option.name == setting.substr(8);
            });
            EXPECT_TRUE(known) << variable.variable << variable.flag;
        }
    }
}

}  // namespace
}  // namespace bulkhead::worker
