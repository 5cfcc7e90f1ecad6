#include "worker/config/settings.hpp"

#include <array>

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/config/values.hpp"

namespace bulkhead::worker {

namespace {

using namespace std::chrono_literals;
using Store = Result<> (*)(const Draft&, std::string_view);

template <std::string BackendConfig::*Member, auto Check>
Result<> store_checked(const Draft& draft, std::string_view text) {
    TRY(Check(text));
    draft.backend->*Member = text;
    return {};
}

template <Secret BackendConfig::*Member>
Result<> store_secret(const Draft& draft, std::string_view text) {
    TRY(check_credential(text));
    draft.backend->*Member = Secret(std::string(text));
    return {};
}

template <std::chrono::milliseconds BackendConfig::*Member>
Result<> store_timeout(const Draft& draft, std::string_view text) {
    draft.backend->*Member = TRY(parse_span(text, 100ms, 10min));
    return {};
}

Result<> anything(std::string_view) { return {}; }

Result<std::chrono::seconds> whole_seconds(std::string_view text, std::chrono::seconds least,
                                           std::chrono::seconds most) {
    return std::chrono::floor<std::chrono::seconds>(TRY(parse_span(text, least, most)));
}

constexpr std::array kSettings{
    Setting{"name", Scope::backend, "", "", "", "a-z, 0-9, -",
            "names this backend's files and log lines; its dialect unless set",
            &store_checked<&BackendConfig::name, &check_backend_name>},
    Setting{"dialect", Scope::backend, "", "BULKHEAD_DIALECT", "--dialect",
            "bulkhead, hyprbox, lunasentri, grapheon, ravenxcope, aegisflux",
            "how the backend speaks; bulkhead unless set or another agent's variables are present",
            &store_checked<&BackendConfig::dialect, &anything>},
    Setting{"url", Scope::backend, "", "BULKHEAD_URL", "--url", "https://host[:port][/path]",
            "where the backend is", &store_checked<&BackendConfig::url, &anything>},
    Setting{"allow_plaintext", Scope::every_backend, "false", "BULKHEAD_ALLOW_PLAINTEXT",
            "--allow-plaintext", "true, false", "http without TLS to other hosts than this one",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.backend->allow_plaintext = TRY(parse_truth(text));
                return {};
            }},
    Setting{"heartbeat_interval", Scope::every_backend, "", "BULKHEAD_HEARTBEAT_INTERVAL",
            "--heartbeat-interval", "1s..24h",
            "time between heartbeats; the dialect's own unless set, and the backend may ask for "
            "another",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.backend->heartbeat_interval = TRY(whole_seconds(text, 1s, 24h));
                return {};
            }},
    Setting{"install_token", Scope::backend, "", "BULKHEAD_INSTALL_TOKEN", "", "text",
            "enrolls this host once", &store_secret<&BackendConfig::install_token>},
    Setting{"install_token_file", Scope::backend, "", "BULKHEAD_INSTALL_TOKEN_FILE",
            "--install-token-file", "path", "file that holds the install token",
            &store_checked<&BackendConfig::install_token_file, &check_file_path>},
    Setting{"credential", Scope::backend, "", "BULKHEAD_CREDENTIAL", "", "text",
            "token or key for a dialect that does not enroll",
            &store_secret<&BackendConfig::credential>},
    Setting{"credential_file", Scope::backend, "", "BULKHEAD_CREDENTIAL_FILE", "--credential-file",
            "path",
            "file that holds the credential, read again when it changes; unless set, "
            "/etc/bulkhead/tls/NAME.credential if it is there",
            &store_checked<&BackendConfig::credential_file, &check_file_path>},
    Setting{"ca_file", Scope::backend, "", "BULKHEAD_CA_FILE", "--ca-file", "path",
            "trust the authorities in this file (PEM) and no others; unless set, those of the "
            "system, /etc/ssl/certs",
            &store_checked<&BackendConfig::ca_file, &check_file_path>},
    Setting{"pinned_key", Scope::backend, "", "BULKHEAD_PINNED_KEY", "--pinned-key",
            "sha256//<base64>",
            "accept this public key of the server only, besides a valid certificate",
            &store_checked<&BackendConfig::pinned_key, &check_pin>},
    Setting{"client_certificate_file", Scope::backend, "", "BULKHEAD_CLIENT_CERTIFICATE_FILE",
            "--client-certificate-file", "path", "show this certificate (PEM) to the backend",
            &store_checked<&BackendConfig::client_certificate_file, &check_file_path>},
    Setting{"client_key_file", Scope::backend, "", "BULKHEAD_CLIENT_KEY_FILE", "--client-key-file",
            "path", "the private key of that certificate (PEM)",
            &store_checked<&BackendConfig::client_key_file, &check_file_path>},
    Setting{"proxy", Scope::backend, "", "BULKHEAD_PROXY", "--proxy", "http://host:port",
            "reach the backend through this proxy; unless set, HTTPS_PROXY and NO_PROXY count for "
            "https",
            &store_checked<&BackendConfig::proxy, &check_proxy>},
    Setting{"timeout", Scope::backend, "30s", "BULKHEAD_TIMEOUT", "--timeout", "100ms..10m",
            "longest time for one request and its answer", &store_timeout<&BackendConfig::timeout>},
    Setting{"connect_timeout", Scope::backend, "10s", "BULKHEAD_CONNECT_TIMEOUT",
            "--connect-timeout", "100ms..10m", "the part of it that connecting may take",
            &store_timeout<&BackendConfig::connect_timeout>},

    Setting{"log_level", Scope::agent, "info", "BULKHEAD_LOG_LEVEL", "--log-level",
            "debug, info, warning, error", "least important line that is logged",
            [](const Draft& draft, std::string_view text) -> Result<> {
                // Other agents write it in capitals, under a flag of the same name.
                const auto level = TRY(original::python_level(text));
                draft.config->log_level = TRY(sys::parse_level(*level));
                return {};
            }},
    Setting{"status_socket", Scope::agent, "true", "BULKHEAD_STATUS_SOCKET", "--status-socket",
            "true, false", "answer `bulkhead status` on a local socket",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->status_socket = TRY(parse_truth(text));
                return {};
            }},
    Setting{"spool.max_bytes", Scope::agent, "2GiB", "BULKHEAD_SPOOL_MAX_BYTES",
            "--spool-max-bytes", "1MiB..1024GiB",
            "job output kept on disk until the backend has it; when it is full, jobs wait",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->spool.max_bytes = TRY(parse_size(text, 1_MiB, 1024_GiB));
                return {};
            }},
    Setting{
        "jobs.max_running", Scope::agent, "4", "BULKHEAD_JOBS_MAX_RUNNING", "--jobs-max-running",
        "1..16",
        "jobs of one backend that may run at once; more are not fetched. A host runs at most 16",
        [](const Draft& draft, std::string_view text) -> Result<> {
            draft.config->jobs.max_running = TRY(parse_count(text, 1, 16));
            return {};
        }},
    Setting{"jobs.poll_wait", Scope::agent, "50s", "BULKHEAD_JOBS_POLL_WAIT", "--jobs-poll-wait",
            "1s..5m", "how long a question for the next job waits at a backend that can wait",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->jobs.poll_wait = TRY(whole_seconds(text, 1s, 5min));
                return {};
            }},
    Setting{"findings.interval", Scope::agent, "15m", "BULKHEAD_FINDINGS_INTERVAL",
            "--findings-interval", "10s..24h", "time between scans for findings",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->findings.interval = TRY(whole_seconds(text, 10s, 24h));
                return {};
            }},
    Setting{"findings.tls_paths", Scope::agent, "", "BULKHEAD_FINDINGS_TLS_PATHS",
            "--findings-tls-paths", "paths or globs",
            "certificates whose expiry is watched; unless set, all that the rows tls-certificates "
            "of policy/reads.policy name, and never any others",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->findings.tls_paths = TRY(parse_paths(text));
                return {};
            }},
    Setting{"findings.tls_warn_days", Scope::agent, "30", "BULKHEAD_FINDINGS_TLS_WARN_DAYS",
            "--findings-tls-warn-days", "1..3650", "fewer days left than this are a warning",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->findings.tls_warn_days = TRY(parse_count(text, 1, 3650));
                return {};
            }},
    Setting{"findings.tls_critical_days", Scope::agent, "7", "BULKHEAD_FINDINGS_TLS_CRITICAL_DAYS",
            "--findings-tls-critical-days", "1..3650", "fewer than this are critical",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->findings.tls_critical_days = TRY(parse_count(text, 1, 3650));
                return {};
            }},
    Setting{"findings.disk_warn_percent", Scope::agent, "90", "BULKHEAD_FINDINGS_DISK_WARN_PERCENT",
            "--findings-disk-warn-percent", "1..100",
            "a file system with so much of its space or inodes in use is a warning",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->findings.disk_warn_percent = TRY(parse_count(text, 1, 100));
                return {};
            }},
    Setting{"findings.disk_critical_percent", Scope::agent, "95",
            "BULKHEAD_FINDINGS_DISK_CRITICAL_PERCENT", "--findings-disk-critical-percent", "1..100",
            "with so much it is critical",
            [](const Draft& draft, std::string_view text) -> Result<> {
                draft.config->findings.disk_critical_percent = TRY(parse_count(text, 1, 100));
                return {};
            }},
};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

}  // namespace bulkhead::worker
