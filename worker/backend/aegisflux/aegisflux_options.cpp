#include "worker/backend/aegisflux/aegisflux_options.hpp"

#include <array>

#include "common/base/parse.hpp"
#include "worker/backend/dialect/identifiers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kNoArtifacts = "artifacts are refused, so there is nothing to it";
constexpr std::string_view kNoServer =
    "the agent listens on no port; bulkhead-http.socket answers /healthz and /status on "
    "127.0.0.1:7070";
constexpr std::string_view kNoTelemetry = "telemetry over NATS is not part of this version";

constexpr std::string_view kOriginalState = "/var/lib/aegis";
constexpr std::string_view kNotLoaded = "nothing is loaded, so there is nothing to limit or undo";

// A whole number of seconds; what is none the original agent took for not given.
Result<std::optional<std::string>> whole_seconds(std::string_view value) {
    const auto seconds = parse_number<std::uint32_t>(value);
    if (!seconds) return std::nullopt;
    return std::to_string(*seconds) + "s";
}

Result<> check_host(std::string_view value) {
    if (value.empty()) return {};
    return check_agent_id(value);
}

constexpr auto kOptions = std::tuple{
    option("host_id", &AegisfluxOptions::host_id,
           {.help = "this host's id in the registry; empty: the host id of policy",
            .check = &check_host}),
    option("registration_url", &AegisfluxOptions::registration_url,
           {.type = value::or_empty(value::url()),
            .help = "actions API that this host registers with, by a key of its own; empty: it "
                    "does not",
            .names_server = true}),
    option(
        "org_id", &AegisfluxOptions::org_id,
        {.fallback = "default", .help = "organization it registers for", .check = &check_agent_id}),
    option(
        "original_state", &AegisfluxOptions::original_state,
        {.fallback = kOriginalState,
         .help = "data directory of the agent that is replaced, whose identity.key is taken over "
                 "where this host has none; empty: none",
         .check = &check_directory}),
};

}  // namespace

std::span<const DialectOption> AegisfluxOptions::rows() {
    static constexpr auto kRows = rows_of(kOptions);
    return kRows;
}

std::span<const DialectVariable> AegisfluxOptions::variables() {
    static constexpr std::array<DialectVariable, 39> kRows{{
        {"AGENT_REGISTRY_URL", "url"},
        {"AGENT_HOST_ID", "options.host_id"},
        {"AGENT_POLL_INTERVAL", "heartbeat_interval", "", &original::go_duration},
        {"AGENT_POLL_INTERVAL_SEC", "heartbeat_interval", "", &whole_seconds},
        {"ACTIONS_API_URL", "options.registration_url"},
        {"ORG_ID", "options.org_id"},
        {"AEGIS_DATA_DIR", "options.original_state", "", nullptr, "its key is taken over"},
        {"AGENT_LOG_LEVEL", "log_level", "", &original::python_level},
        {"AGENT_VERSION", "", "", nullptr, "the version is this agent's own"},
        {"AGENT_HTTP_ADDR", "", "", nullptr, kNoServer},
        {"AGENT_HTTP_PORT", "", "", nullptr, kNoServer},
        {"AGENT_HTTP_ADDRESS", "", "", nullptr, kNoServer},
        {"NATS_URL", "", "", nullptr, kNoTelemetry},
        {"AGENT_NATS_URL", "", "", nullptr, kNoTelemetry},
        {"AGENT_TELEMETRY_SUBJECT", "", "", nullptr, kNoTelemetry},
        {"AGENT_POLICY_SUBJECT", "", "", nullptr, kNoTelemetry},
        {"AGENT_BUNDLES_DIR", "", "", nullptr, kNoArtifacts},
        {"AGENT_CACHE_DIR", "", "", nullptr, kNoArtifacts},
        {"AGENT_MAX_PROGRAMS", "", "", nullptr, kNotLoaded},
        {"AGENT_DEFAULT_TTL_SEC", "", "", nullptr, kNotLoaded},
        {"VAULT_URL", "", "", nullptr, kNoArtifacts},
        {"VAULT_TOKEN", "", "", nullptr, kNoArtifacts},
        {"AGENT_VAULT_URL", "", "", nullptr, kNoArtifacts},
        {"AGENT_VAULT_TOKEN", "", "", nullptr, kNoArtifacts},
        {"DEV_PUBLIC_KEY_PATH", "", "", nullptr, kNoArtifacts},
        {"AGENT_PUBLIC_KEY", "", "", nullptr, kNoArtifacts},
        {"AGENT_VERIFY", "", "", nullptr, kNoArtifacts},
        {"DRIFT_CHECK_INTERVAL", "", "", nullptr, kNoArtifacts},
        {"AGENT_CPU_MAX", "", "", nullptr, kNoArtifacts},
        {"AGENT_CGROUP_PATH", "", "", nullptr, kNoArtifacts},
        {"AGENT_INTERFACE", "", "", nullptr, kNoArtifacts},
        {"AGENT_ROLLBACK_MAX_ERRORS", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_MAX_VIOLATIONS", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_MAX_CPU_PERCENT", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_MAX_LATENCY_MS", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_MAX_MEMORY_KB", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_VERIFIER_FAILURE", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_CHECK_INTERVAL_SEC", "", "", nullptr, kNotLoaded},
        {"AGENT_ROLLBACK_DELAY_SEC", "", "", nullptr, kNotLoaded},
    }};
    return kRows;
}

std::vector<OriginalFile> AegisfluxOptions::original_files(const DialectOptions& options) {
    const auto own = from(options);
    if (own.original_state.empty() || own.registration_url.empty()) return {};
    std::vector<OriginalFile> files{{"identity.key", own.original_state + "/identity.key"}};
    if (own.original_state != kOriginalState) {
        files.push_back({"default.key", std::string(kOriginalState) + "/identity.key"});
    }
    return files;
}

AegisfluxOptions AegisfluxOptions::from(const DialectOptions& options) {
    auto filled_in = filled<AegisfluxOptions>(kOptions, options);
    auto& url = filled_in.registration_url;
    while (url.ends_with('/')) url.pop_back();
    return filled_in;
}

}  // namespace bulkhead::worker
