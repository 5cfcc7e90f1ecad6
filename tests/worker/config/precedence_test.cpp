// Command line over environment over file over default.
#include "tests/worker/config/sources.hpp"

namespace bulkhead::worker {
namespace {

using namespace std::chrono_literals;
using test::parsed;

ConfigSources all_three() {
    return {.file_name = "agent.yaml",
            .file =
                "backend: {url: https://file, timeout: 1s, connect_timeout: 1s}\n"
                "log_level: error\n",
            .arguments = {"--url", "https://flag"},
            .environment = {{"BULKHEAD_URL", "https://env"}, {"BULKHEAD_TIMEOUT", "2s"}}};
}

TEST(Precedence, TheStrongestSourceWinsForEachSettingByItself) {
    const auto config = parsed(all_three());
    EXPECT_EQ(config.backends[0].url, "https://flag");
    EXPECT_EQ(config.backends[0].timeout, 2s);
    EXPECT_EQ(config.backends[0].connect_timeout, 1s);
    EXPECT_EQ(config.log_level, sys::Level::error);
    EXPECT_EQ(config.jobs.max_running, 4U);
}

TEST(Precedence, WithoutAFileTheRestIsEnough) {
    EXPECT_EQ(
        parsed(ConfigSources{.environment = {{"BULKHEAD_URL", "https://env"}}}).backends[0].url,
        "https://env");
    EXPECT_EQ(parsed(ConfigSources{.arguments = {"--url=https://flag"}}).backends[0].url,
              "https://flag");
}

TEST(Precedence, AnEmptyVariableSaysNothing) {
    auto sources = all_three();
    sources.arguments.clear();
    sources.environment = {{"BULKHEAD_URL", ""}, {"PATH", "/bin"}};
    EXPECT_EQ(parsed(sources).backends[0].url, "https://file");
}

TEST(Precedence, TheLastOfTwoFlagsWins) {
    EXPECT_EQ(parsed(ConfigSources{.arguments = {"--url", "https://a", "--url", "https://b"}})
                  .backends[0]
                  .url,
              "https://b");
}

TEST(Precedence, AFlagOfATruthNeedsNoValue) {
    const auto allowed = [](std::vector<std::string> arguments) {
        arguments.emplace_back("--url=http://127.0.0.1");
        return parsed(ConfigSources{.arguments = std::move(arguments)}).backends[0].allow_plaintext;
    };
    EXPECT_TRUE(allowed({"--allow-plaintext"}));
    EXPECT_TRUE(allowed({"--allow-plaintext=true"}));
    EXPECT_FALSE(allowed({"--allow-plaintext=false"}));
}

TEST(Precedence, FlagsMeanTheFirstBackendOrAllWhereThatMakesSense) {
    auto sources = test::from_file(
        "backends:\n"
        "  - {name: a, url: https://a, heartbeat_interval: 5s}\n"
        "  - {name: b, url: https://b, heartbeat_interval: 6s}\n");
    sources.arguments = {"--url", "https://flag", "--heartbeat-interval", "9s"};
    const auto config = parsed(sources);
    EXPECT_EQ(config.backends[0].url, "https://flag");
    EXPECT_EQ(config.backends[1].url, "https://b");
    EXPECT_EQ(config.backends[0].heartbeat_interval, 9s);
    EXPECT_EQ(config.backends[1].heartbeat_interval, 9s);
}

TEST(Precedence, ABackendsEntryCountsMoreThanTheTopWhicheverComesFirst) {
    EXPECT_EQ(parsed("backend: {url: https://a, heartbeat_interval: 5s}\nheartbeat_interval: 7s")
                  .backends[0]
                  .heartbeat_interval,
              5s);
}

const std::map<std::string, std::string> kHyprnode{{"HYPRBOX_API_URL", "https://hb.example.com/"},
                                                   {"HYPRBOX_NODE_ID", "prod-1"},
                                                   {"HYPRBOX_NODE_TOKEN", "hbnt_x"},
                                                   {"HYPRBOX_INTERVAL", "2m30s"},
                                                   {"HYPRBOX_SCAN_INTERVAL", "20m"},
                                                   {"HYPRBOX_TLS_PATHS", "/a:/b/*.pem"},
                                                   {"HYPRBOX_TLS_WARN_DAYS", "40"},
                                                   {"HYPRBOX_TLS_CRITICAL_DAYS", "5"}};

void expect_hyprnode(const BackendConfig& backend) {
    EXPECT_EQ(backend.dialect, "hyprbox");
    EXPECT_EQ(backend.url, "https://hb.example.com");
    EXPECT_EQ(backend.options.at("node_id"), "prod-1");
    EXPECT_EQ(backend.credential.reveal(), "hbnt_x");
    EXPECT_EQ(backend.heartbeat_interval, 150s);
}

TEST(OtherAgents, TheirVariablesAloneAreAConfiguration) {
    const auto config = parsed(ConfigSources{.environment = kHyprnode});
    expect_hyprnode(config.backends[0]);
    EXPECT_EQ(config.findings.interval, 20min);
    EXPECT_EQ(config.findings.tls_paths, (std::vector<std::string>{"/a", "/b/*.pem"}));
    EXPECT_EQ(config.findings.tls_warn_days, 40U);
    EXPECT_EQ(config.findings.tls_critical_days, 5U);
}

TEST(OtherAgents, TheirVariablesMeanTheFirstBackendOfTheirDialect) {
    auto sources = test::from_file(
        "backends:\n"
        "  - {url: https://a}\n"
        "  - {dialect: hyprbox, heartbeat_interval: 1m}\n");
    sources.environment = kHyprnode;
    const auto config = parsed(sources);
    EXPECT_EQ(config.backends[0].url, "https://a");
    expect_hyprnode(config.backends[1]);
}

TEST(OtherAgents, TheirVariablesMeanNothingToAnotherDialect) {
    auto sources = test::from_file("backend: {url: https://a}");
    sources.environment = kHyprnode;
    const auto config = parsed(sources);
    EXPECT_EQ(config.backends[0].dialect, "bulkhead");
    EXPECT_EQ(config.backends[0].url, "https://a");
    EXPECT_TRUE(config.backends[0].credential.empty());
    sources.file = "backend: {dialect: bulkhead}";
    sources.environment["BULKHEAD_URL"] = "https://ours";
    EXPECT_EQ(parsed(sources).backends[0].url, "https://ours");
}

TEST(OtherAgents, OurOwnVariablesAndFlagsCountMore) {
    auto sources =
        ConfigSources{.arguments = {"--heartbeat-interval=11s"}, .environment = kHyprnode};
    sources.environment["BULKHEAD_CREDENTIAL"] = "ours";
    sources.environment["BULKHEAD_DIALECT"] = "hyprbox";
    const auto config = parsed(sources);
    EXPECT_EQ(config.backends[0].credential.reveal(), "ours");
    EXPECT_EQ(config.backends[0].heartbeat_interval, 11s);
    EXPECT_EQ(config.backends[0].url, "https://hb.example.com");
}

}  // namespace
}  // namespace bulkhead::worker
