#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {
namespace {

TEST(Settings, EachHasNamesOfItsOwn) {
    std::set<std::string_view> seen;
    for (const auto& setting : settings()) {
        EXPECT_TRUE(seen.insert(setting.key).second) << setting.key;
        for (const auto name : {setting.variable, setting.flag}) {
            EXPECT_TRUE(name.empty() || seen.insert(name).second) << name;
        }
    }
}

TEST(Settings, EachDefaultPassesItsOwnCheck) {
    for (const auto& setting : settings()) {
        Config config;
        BackendConfig backend;
        if (setting.fallback.empty()) continue;
        EXPECT_TRUE(setting.store({.config = &config, .backend = &backend}, setting.fallback))
            << setting.key;
    }
}

TEST(Settings, NoFlagWouldShowASecretToEverybody) {
    for (const auto& setting : settings()) {
        if (setting.key == "install_token" || setting.key == "credential") {
            EXPECT_EQ(setting.flag, "") << setting.key;
        }
    }
}

TEST(Settings, VariablesOfOtherAgentsMeanSettingsThatExist) {
    for (const auto& dialect : dialects()) {
        for (const auto& row : dialect.variables) {
            const auto key = row.setting;
            const bool known = key.starts_with("options.") ||
                               std::ranges::any_of(settings(), [key](const Setting& setting) {
                                   return setting.key == key;
                               });
            // What means nothing here says why.
            EXPECT_TRUE(known || (key.empty() && !row.remark.empty())) << row.variable << row.flag;
        }
    }
}

TEST(Description, NamesEverySettingOptionAndVariable) {
    const auto page = describe_settings();
    const auto help = describe_flags();
    for (const auto& setting : settings()) {
        EXPECT_NE(page.find("`" + std::string(setting.key) + "`"), page.npos) << setting.key;
        if (setting.flag.empty() && setting.variable.empty()) continue;
        EXPECT_NE(help.find(setting.flag), help.npos) << setting.key;
        EXPECT_NE(help.find(setting.help), help.npos) << setting.key;
    }
    for (const auto* name : {"`node_id`", "`HYPRBOX_NODE_TOKEN`"}) {
        EXPECT_NE(page.find(name), page.npos) << name;
    }
}

}  // namespace
}  // namespace bulkhead::worker
