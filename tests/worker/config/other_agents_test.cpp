// Command lines and environments of the agents that we stand in for.
#include "worker/config/other_agents.hpp"

#include <algorithm>

#include "tests/worker/config/sources.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::parsed;
using test::problems;

std::string text_of(const Result<std::optional<std::string>>& translated) {
    if (!translated) return "error: " + translated.error().what;
    return translated->value_or("nothing");
}

TEST(GoDuration, IsTakenAsGoTakesIt) {
    for (const auto& [theirs, ours] :
         std::vector<std::pair<const char*, const char*>>{{"30s", "30s"},
                                                          {"1h0m0s", "3600s"},
                                                          {"1.5h", "5400s"},
                                                          {"2m30s", "150s"},
                                                          {"500ms", "500ms"},
                                                          {"1h1m1.5s", "3661500ms"},
                                                          {"1500000us", "1500ms"},
                                                          {"2000000\xc2\xb5s", "2s"},
                                                          {"1000000000ns", "1s"},
                                                          {"2000000\xce\xbcs", "2s"},
                                                          {".5s", "500ms"},
                                                          {"+30s", "30s"},
                                                          {"+0", "0s"},
                                                          {"0", "0s"}}) {
        EXPECT_EQ(text_of(original::go_duration(theirs)), ours) << theirs;
    }
    for (const auto* odd : {"", "30", "s", "1x", "-1s", "+", "++1s", "+-1s", "1 s", "1s ", "1.5.5s",
                            "1e3s", "often", "99999999999999999999h"}) {
        EXPECT_FALSE(original::go_duration(odd)) << odd;
    }
}

TEST(Seconds, AreANumber) {
    EXPECT_EQ(text_of(original::seconds("30")), "30s");
    EXPECT_EQ(text_of(original::seconds("0.5")), "500ms");
    for (const auto* odd : {"", "30s", "-1", "1e3", "inf", "nan", "0x10"}) {
        EXPECT_FALSE(original::seconds(odd)) << odd;
    }
}

TEST(OtherWords, MeanWhatTheyMeantThere) {
    EXPECT_EQ(text_of(original::unless_zero("0")), "nothing");
    EXPECT_EQ(text_of(original::unless_zero("7")), "7");
    EXPECT_EQ(text_of(original::python_level("WARNING")), "warning");
    EXPECT_EQ(text_of(original::python_level("WARN")), "warning");
    EXPECT_EQ(text_of(original::python_level("CRITICAL")), "error");
    EXPECT_EQ(text_of(original::no_verification("False")), "nothing");
    EXPECT_EQ(text_of(original::no_verification("0")), "nothing");
    for (const auto* yes : {"true", "1", "yes", "on", "TRUE", "?"}) {
        EXPECT_FALSE(original::no_verification(yes)) << yes;
    }
}

// --- tables

TEST(OriginalFlags, ClashWithOursOnlyWhereTheyMeanTheSame) {
    // These the broker takes for itself.
    static constexpr std::string_view kOfBroker[] = {
        "--policy",   "--vendor-policy", "--config", "--state",      "--log-dir",
        "--log-file", "--run-dir",       "--worker", "--worker-user"};
    for (const auto& dialect : dialects()) {
        for (const auto& row : dialect.variables) {
            if (row.flag.empty()) continue;
            if (const auto* const ours = find_by_flag(row.flag)) {
                EXPECT_EQ(ours->key, row.setting) << row.flag;
            }
            if (std::ranges::find(kOfBroker, row.flag) != std::end(kOfBroker)) {
                EXPECT_EQ(row.setting, "") << row.flag << " never reaches the worker";
            }
        }
    }
}

TEST(OriginalFlags, OfOneNameAllTakeAValueOrNone) {
    for (const auto flag : foreign_flags()) {
        for (const auto& dialect : dialects()) {
            const auto row = std::ranges::find(dialect.variables, flag, &DialectVariable::flag);
            if (row == dialect.variables.end()) continue;
            EXPECT_EQ(row->is_switch, find_foreign(flag)->is_switch) << flag;
        }
    }
}

// --- whole command lines

TEST(OriginalFlags, ConfigureTheDialectThatIsChosen) {
    const auto config = parsed(ConfigSources{
        .arguments = {"--dialect=lunasentri", "--server-url", "https://sentri.example.com/",
                      "--interval", "1m30s", "--max-retries=0", "-retry-backoff", "2s"},
        .environment = {{"LUNASENTRI_API_KEY", "key"}, {"LUNASENTRI_INTERVAL", "5s"}}});
    const auto& backend = config.backends[0];
    EXPECT_EQ(backend.url, "https://sentri.example.com");
    EXPECT_EQ(backend.heartbeat_interval, 90s) << "the command line counts more";
    EXPECT_EQ(backend.credential.reveal(), "key");
    EXPECT_EQ(backend.options.at("max_retries"), "3") << "0 says nothing, as there";
    EXPECT_EQ(backend.options.at("retry_backoff"), "2s");
}

TEST(OriginalVariables, AnOldInstallationsOddValuesAreTaken) {
    const auto config =
        parsed(ConfigSources{.environment = {{"LUNASENTRI_SERVER_URL", "https://s.example.com"},
                                             {"LUNASENTRI_MAX_RETRIES", "50"},
                                             {"LUNASENTRI_RETRY_BACKOFF", "250ms"},
                                             {"LUNASENTRI_SYSTEM_INFO_PERIOD", "720h"}}});
    const auto& options = config.backends[0].options;
    EXPECT_EQ(options.at("max_retries"), "50");
    EXPECT_EQ(parse_duration(options.at("retry_backoff")), 250ms);
    EXPECT_EQ(parse_duration(options.at("system_info_period")), 720h);
}

TEST(OriginalFlags, AnAmbiguousUrlAsksForTheDialect) {
    const auto said = problems(ConfigSources{.arguments = {"--server-url", "https://a"}});
    EXPECT_NE(said.find("--server-url"), said.npos) << said;
    EXPECT_NE(said.find("choose with dialect"), said.npos) << said;
    EXPECT_EQ(said.find("an option of"), said.npos) << said;
}

TEST(OriginalFlags, AFlagThatOneAgentAloneHasSaysWhichOne) {
    const auto chosen = [](std::vector<std::string> arguments) {
        return parsed(ConfigSources{.arguments = std::move(arguments)}).backends[0].dialect;
    };
    EXPECT_EQ(chosen({"--server-url", "https://a", "--api-key", "K", "--interval", "3s"}),
              "lunasentri");
    EXPECT_EQ(chosen({"--server-url=https://a", "--enrollment-key=K"}), "grapheon");
    EXPECT_EQ(chosen({"-ca-file", "/etc/ssl/certs/a.pem", "-server-url", "https://a"}), "grapheon");
}

TEST(OriginalFlags, OfTwoAgentsNameNone) {
    const auto said = problems(ConfigSources{
        .arguments = {"--server-url", "https://a", "--api-key", "K", "--enrollment-key", "E"}});
    EXPECT_NE(said.find("--api-key: an option of lunasentri"), said.npos) << said;
    EXPECT_NE(said.find("--enrollment-key: an option of grapheon"), said.npos) << said;
}

TEST(OriginalFlags, OfADialectThatNobodySpeaksAreAnError) {
    auto sources = test::from_file("backend: {url: https://a}");
    sources.arguments = {"--display-name", "x"};
    EXPECT_EQ(problems(sources),
              "--display-name: an option of grapheon; no backend here speaks that dialect");
}

TEST(OriginalFlags, OfTwoDialectsAtOnceBelongIntoTheFile) {
    auto sources = test::from_file(
        "backends:\n"
        "  - {dialect: lunasentri, url: https://a, credential: k}\n"
        "  - {dialect: grapheon, url: https://b}\n");
    sources.arguments = {"--server-url", "https://c"};
    const auto said = problems(sources);
    EXPECT_NE(said.find("put it into the file"), said.npos) << said;
    sources.arguments = {"--display-name", "web one"};
    EXPECT_EQ(parsed(sources).backends[1].options.at("display_name"), "web one");
}

TEST(OriginalFlags, AMistypedOneIsSuggested) {
    const auto said =
        problems(ConfigSources{.arguments = {"--server-ulr", "x", "--url=https://a"}});
    EXPECT_NE(said.find("did you mean --server-url?"), said.npos) << said;
}

TEST(OriginalFlags, NothingTurnsVerificationOff) {
    auto sources = test::from_file("backend: {dialect: grapheon, url: https://a}");
    sources.arguments = {"--insecure-skip-verify"};
    EXPECT_NE(problems(sources).find("--insecure-skip-verify: a server that cannot be verified"),
              std::string::npos);
    sources.arguments.clear();
    sources.environment = {{"GRAPHEON_AGENT_INSECURE_SKIP_VERIFY", "true"}};
    EXPECT_NE(problems(sources).find("GRAPHEON_AGENT_INSECURE_SKIP_VERIFY: "), std::string::npos);
    sources.environment = {{"GRAPHEON_AGENT_INSECURE_SKIP_VERIFY", "false"}};
    EXPECT_EQ(problems(sources), "");
}

// --- environments

TEST(OriginalVariables, ABadValueIsAnErrorThatNamesTheVariable) {
    const auto said = problems(ConfigSources{
        .environment = {{"HYPRBOX_API_URL", "https://a"}, {"HYPRBOX_INTERVAL", "soon"}}});
    EXPECT_EQ(said, "HYPRBOX_INTERVAL: not a duration; write 30s, 5m or 1h30m");
}

TEST(OriginalVariables, TwoAgentsUrlsAskWhichItIs) {
    const auto said = problems(ConfigSources{
        .environment = {{"HYPRBOX_API_URL", "https://a"}, {"AGENT_REGISTRY_URL", "https://b"}}});
    EXPECT_NE(said.find("choose with dialect"), said.npos) << said;
}

TEST(OriginalVariables, SettingsOfTheWholeAgentCountWhicheverBackendItIs) {
    auto sources = test::from_file(
        "backends:\n  - {url: https://a}\n  - {dialect: hyprbox, url: https://b}\n");
    sources.environment = {{"HYPRBOX_SCAN_INTERVAL", "20m"}, {"HYPRBOX_INTERVAL", "1.5m"}};
    const auto config = parsed(sources);
    EXPECT_EQ(config.findings.interval, 20min);
    EXPECT_EQ(config.backends[0].heartbeat_interval, 60s);
    EXPECT_EQ(config.backends[1].heartbeat_interval, 90s);
}

TEST(OriginalVariables, WhatHasNoEffectIsSaid) {
    const auto config = parsed(ConfigSources{
        .environment = {{"AGENT_REGISTRY_URL", "https://r"}, {"NATS_URL", "nats://secret@n"}}});
    EXPECT_EQ(config.backends[0].dialect, "aegisflux");
    ASSERT_EQ(config.remarks.size(), 1U);
    EXPECT_TRUE(config.remarks[0].starts_with("NATS_URL has no effect: "));
    EXPECT_EQ(config.remarks[0].find("secret"), std::string::npos);
}

TEST(OriginalVariables, EachBackendOfSeveralHasItsOwnAgentsVariables) {
    auto sources = test::from_file(
        "backends:\n"
        "  - {dialect: aegisflux}\n"
        "  - {dialect: hyprbox}\n"
        "  - {name: second, dialect: hyprbox, url: https://c}\n");
    sources.environment = {{"AGENT_REGISTRY_URL", "https://a"},
                           {"AGENT_HOST_ID", "h"},
                           {"HYPRBOX_API_URL", "https://b"},
                           {"HYPRBOX_NODE_ID", "n"}};
    const auto config = parsed(sources);
    EXPECT_EQ(config.backends[0].url, "https://a");
    EXPECT_EQ(config.backends[0].options.at("host_id"), "h");
    EXPECT_EQ(config.backends[1].url, "https://b");
    EXPECT_EQ(config.backends[1].options.at("node_id"), "n");
    EXPECT_EQ(config.backends[2].url, "https://c");
    EXPECT_EQ(config.backends[2].options.at("node_id"), "") << "the first of its dialect has them";
}

}  // namespace
}  // namespace bulkhead::worker
