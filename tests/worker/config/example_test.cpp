// The configuration file that is installed.
#include <algorithm>
#include <sstream>

#include "tests/support/files.hpp"
#include "tests/worker/config/sources.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {
namespace {

bool is_switched_off(std::string_view line) {
    const auto hash = line.find_first_not_of(' ');
    return hash != line.npos && line[hash] == '#' && hash + 1 < line.size() &&
           line[hash + 1] != ' ';
}

// With all that is behind a single # switched on, except the keys in `without`.
std::string switched_on(const std::vector<std::string>& without) {
    std::istringstream lines(bulkhead::test::content_of(BULKHEAD_EXAMPLE));
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        const bool unwanted = std::ranges::any_of(without, [&line](const std::string& key) {
            return line.find("#" + key + ":") != line.npos || line.find(" " + key + ":") == 0 ||
                   line.starts_with("  " + key + ":");
        });
        if (unwanted) continue;
        if (is_switched_off(line)) line.erase(line.find('#'), 1);
        all += line + "\n";
    }
    return all;
}

TEST(Example, IsAccepted) {
    EXPECT_EQ(test::problems(bulkhead::test::content_of(BULKHEAD_EXAMPLE)), "");
}

TEST(Example, IsAcceptedWithEverythingSwitchedOn) {
    EXPECT_EQ(
        test::problems(switched_on({"install_token", "credential", "credential_file", "options",
                                    "  node_id", "  heartbeat_path", "node_id", "heartbeat_path",
                                    "credentials_file", "token_file", "user", "password_file"})),
        "");
    auto hyprbox = switched_on({"install_token", "install_token_file", "credential_file",
                                "credentials_file", "token_file", "user", "password_file"});
    hyprbox.replace(hyprbox.find("dialect: bulkhead"), 17, "dialect: hyprbox");
    EXPECT_EQ(test::problems(hyprbox), "");
}

TEST(Example, ShowsEverySetting) {
    const auto text = bulkhead::test::content_of(BULKHEAD_EXAMPLE);
    for (const auto& setting : settings()) {
        const auto key = setting.key.substr(setting.key.find('.') + 1);
        EXPECT_NE(text.find(std::string(key) + ":"), text.npos) << setting.key;
    }
}

TEST(Example, ShowsTheDefaultsThatAreInForce) {
    const auto text = bulkhead::test::content_of(BULKHEAD_EXAMPLE);
    for (const auto& setting : settings()) {
        if (setting.fallback.empty() || setting.key.ends_with("paths")) continue;
        const auto key = setting.key.substr(setting.key.find('.') + 1);
        EXPECT_NE(text.find("#" + std::string(key) + ": " + std::string(setting.fallback)),
                  text.npos)
            << setting.key;
    }
}

}  // namespace
}  // namespace bulkhead::worker
