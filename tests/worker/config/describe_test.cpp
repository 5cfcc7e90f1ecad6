#include <gtest/gtest.h>

#include <set>

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"
#include "worker/config/settings.hpp"

namespace bulkhead::worker {
namespace {

// What hosts are configured with: none of these may change with the code that makes them.
struct Names {
    std::string_view key;
    std::string_view variable;
    std::string_view flag;
};
constexpr Names kNames[] = {
    {"name", "", ""},
    {"dialect", "BULKHEAD_DIALECT", "--dialect"},
    {"url", "BULKHEAD_URL", "--url"},
    {"allow_plaintext", "BULKHEAD_ALLOW_PLAINTEXT", "--allow-plaintext"},
    {"heartbeat_interval", "BULKHEAD_HEARTBEAT_INTERVAL", "--heartbeat-interval"},
    {"install_token", "BULKHEAD_INSTALL_TOKEN", ""},
    {"install_token_file", "BULKHEAD_INSTALL_TOKEN_FILE", "--install-token-file"},
    {"credential", "BULKHEAD_CREDENTIAL", ""},
    {"credential_file", "BULKHEAD_CREDENTIAL_FILE", "--credential-file"},
    {"ca_file", "BULKHEAD_CA_FILE", "--ca-file"},
    {"pinned_key", "BULKHEAD_PINNED_KEY", "--pinned-key"},
    {"client_certificate_file", "BULKHEAD_CLIENT_CERTIFICATE_FILE", "--client-certificate-file"},
    {"client_key_file", "BULKHEAD_CLIENT_KEY_FILE", "--client-key-file"},
    {"proxy", "BULKHEAD_PROXY", "--proxy"},
    {"proxy_credential_file", "BULKHEAD_PROXY_CREDENTIAL_FILE", "--proxy-credential-file"},
    {"timeout", "BULKHEAD_TIMEOUT", "--timeout"},
    {"connect_timeout", "BULKHEAD_CONNECT_TIMEOUT", "--connect-timeout"},
    {"log_level", "BULKHEAD_LOG_LEVEL", "--log-level"},
    {"status_socket", "BULKHEAD_STATUS_SOCKET", "--status-socket"},
    {"telemetry.url", "BULKHEAD_TELEMETRY_URL", "--telemetry-url"},
    {"telemetry.subject", "BULKHEAD_TELEMETRY_SUBJECT", "--telemetry-subject"},
    {"telemetry.nkey_seed_file", "BULKHEAD_TELEMETRY_NKEY_SEED_FILE", "--telemetry-nkey-seed-file"},
    {"telemetry.credentials_file", "BULKHEAD_TELEMETRY_CREDENTIALS_FILE",
     "--telemetry-credentials-file"},
    {"telemetry.token_file", "BULKHEAD_TELEMETRY_TOKEN_FILE", "--telemetry-token-file"},
    {"telemetry.user", "BULKHEAD_TELEMETRY_USER", "--telemetry-user"},
    {"telemetry.password_file", "BULKHEAD_TELEMETRY_PASSWORD_FILE", "--telemetry-password-file"},
    {"telemetry.ca_file", "BULKHEAD_TELEMETRY_CA_FILE", "--telemetry-ca-file"},
    {"telemetry.interval", "BULKHEAD_TELEMETRY_INTERVAL", "--telemetry-interval"},
    {"telemetry.heartbeats", "BULKHEAD_TELEMETRY_HEARTBEATS", "--telemetry-heartbeats"},
    {"telemetry.job_events", "BULKHEAD_TELEMETRY_JOB_EVENTS", "--telemetry-job-events"},
    {"spool.max_bytes", "BULKHEAD_SPOOL_MAX_BYTES", "--spool-max-bytes"},
    {"jobs.max_running", "BULKHEAD_JOBS_MAX_RUNNING", "--jobs-max-running"},
    {"jobs.poll_wait", "BULKHEAD_JOBS_POLL_WAIT", "--jobs-poll-wait"},
    {"interfaces.include", "BULKHEAD_INTERFACES_INCLUDE", "--interfaces-include"},
    {"interfaces.exclude", "BULKHEAD_INTERFACES_EXCLUDE", "--interfaces-exclude"},
    {"mounts.include", "BULKHEAD_MOUNTS_INCLUDE", "--mounts-include"},
    {"mounts.exclude", "BULKHEAD_MOUNTS_EXCLUDE", "--mounts-exclude"},
    {"findings.interval", "BULKHEAD_FINDINGS_INTERVAL", "--findings-interval"},
    {"findings.tls_paths", "BULKHEAD_FINDINGS_TLS_PATHS", "--findings-tls-paths"},
    {"findings.tls_warn_days", "BULKHEAD_FINDINGS_TLS_WARN_DAYS", "--findings-tls-warn-days"},
    {"findings.tls_critical_days", "BULKHEAD_FINDINGS_TLS_CRITICAL_DAYS",
     "--findings-tls-critical-days"},
    {"findings.disk_warn_percent", "BULKHEAD_FINDINGS_DISK_WARN_PERCENT",
     "--findings-disk-warn-percent"},
    {"findings.disk_critical_percent", "BULKHEAD_FINDINGS_DISK_CRITICAL_PERCENT",
     "--findings-disk-critical-percent"},
};

TEST(Settings, KeepTheNamesThatHostsAreConfiguredWith) {
    ASSERT_EQ(settings().size(), std::size(kNames));
    for (std::size_t i = 0; i < std::size(kNames); ++i) {
        const auto& setting = settings()[i];
        EXPECT_EQ(setting.key, kNames[i].key);
        EXPECT_EQ(setting.variable(), kNames[i].variable);
        EXPECT_EQ(setting.flag(), kNames[i].flag);
    }
}

TEST(Settings, EachHasNamesOfItsOwn) {
    std::set<std::string> seen;
    for (const auto& setting : settings()) {
        EXPECT_TRUE(seen.insert(std::string(setting.key)).second) << setting.key;
        for (const auto& name : {setting.variable(), setting.flag()}) {
            EXPECT_TRUE(name.empty() || seen.insert(name).second) << name;
        }
    }
}

// A flag is in everybody's ps(1), and --help, pages and schema print defaults.
TEST(Settings, ASecretHasNeitherFlagNorDefault) {
    std::size_t secrets = 0;
    for (const auto& setting : settings()) {
        if (setting.check != &check_secret) continue;
        ++secrets;
        EXPECT_EQ(setting.flag(), "") << setting.key;
        EXPECT_EQ(setting.fallback, "") << setting.key;
    }
    EXPECT_EQ(secrets, 2U);
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
            EXPECT_EQ(setting.flag(), "") << setting.key;
        }
    }
}

TEST(Settings, VariablesOfOtherAgentsMeanSettingsThatExist) {
    for (const auto& dialect : dialects()) {
        for (const auto& row : dialect.variables) {
            const auto key = row.setting;
            const bool known = key.starts_with("options.") || find_setting(key) != nullptr;
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
        if (!setting.has_flag && !setting.has_variable) continue;
        EXPECT_NE(help.find(setting.flag()), help.npos) << setting.key;
        EXPECT_NE(help.find(setting.help), help.npos) << setting.key;
    }
    for (const auto* name : {"`node_id`", "`HYPRBOX_NODE_TOKEN`"}) {
        EXPECT_NE(page.find(name), page.npos) << name;
    }
}

}  // namespace
}  // namespace bulkhead::worker
