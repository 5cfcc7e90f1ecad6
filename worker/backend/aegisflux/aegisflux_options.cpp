#include "worker/backend/aegisflux/aegisflux_options.hpp"

#include <array>

#include "common/base/parse.hpp"
#include "worker/backend/aegisflux/backend_signature.hpp"
#include "worker/backend/dialect/identifiers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kNoArtifacts =
    "where a program is attached is what its approval says, within artifacts.policy";
constexpr std::string_view kNoServer =
    "the agent listens on no port; bulkhead-http.socket answers /healthz and /status on "
    "127.0.0.1:7070";
constexpr std::string_view kNoTelemetry =
    "set telemetry.url, where a login has a file of its own; bulkhead migrate takes this over";
constexpr std::string_view kNothingFromNats =
    "nothing is taken from NATS, where what is said carries no signature";
constexpr std::string_view kInMemory = "bundles are kept in memory, and nowhere on disk";
constexpr std::string_view kNoVault =
    "no Vault is asked; an artifact is loaded by the approvals of your signers";
constexpr std::string_view kApprovals =
    "an artifact is loaded by the approvals of your signers, and by nothing else";
constexpr std::string_view kItsApproval = "the approval of each artifact says it";
constexpr std::string_view kByRoot = "the broker watches what it loaded, at intervals of its own";
constexpr std::string_view kWebSocket =
    "it is of the agent that speaks over a WebSocket, which this one does not";

constexpr std::string_view kOriginalState = "/var/lib/aegis";
constexpr std::string_view kNoSuchLimit =
    "an artifact is rolled back by its processor time alone; its approval says the limit";

// A whole number of seconds, as Go's strconv.Atoi reads it: with a sign if there is one. What is no
// number the original agent took for not given; with one below 1 it did not start.
Result<std::optional<std::string>> whole_seconds(std::string_view value) {
    const bool negative = value.starts_with('-');
    const auto seconds =
        parse_number<std::uint32_t>(negative || value.starts_with('+') ? value.substr(1) : value);
    if (!seconds) return std::nullopt;
    if (negative || *seconds == 0) return fail("write a number of seconds, 1 or more");
    return std::to_string(*seconds) + "s";
}

Result<> check_host(std::string_view value) {
    if (value.empty()) return {};
    return check_agent_id(value);
}

// Where the content of verify_key_file stands among the options. None has a colon in its name.
constexpr std::string_view kVerifyKeys = "verify_key_file:content";

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
        "artifact_url", &AegisfluxOptions::artifact_url,
        {.type = value::or_empty(value::url()),
         .help = "server besides url that bundles of artifacts may come from, where the registry "
                 "names one (bundle_url); empty: none, and such an artifact is refused",
         .names_server = true}),
    option(
        "verify_key_file",
        {.type = value::or_empty(value::path()),
         .help = "public keys in PEM, RSA or Ed25519, by which the registry's own signature of a "
                 "bundle is checked; the result is told and decides nothing"}),
    option(
        "org_id", &AegisfluxOptions::org_id,
        {.fallback = "default", .help = "organization it registers for", .check = &check_agent_id}),
    option("presence_interval", &AegisfluxOptions::presence_interval,
           {.type = value::duration(std::chrono::seconds(1), std::chrono::hours(1)),
            .fallback = "1m",
            .help = "how often the actions API is shown that this host is alive; it calls a host "
                    "stale after 3 minutes of silence"}),
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
    static constexpr std::array<DialectVariable, 48> kRows{{
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
        {"AGENT_POLICY_SUBJECT", "", "", nullptr, kNothingFromNats},
        {"AGENT_BUNDLES_DIR", "", "", nullptr, kInMemory},
        {"AGENT_CACHE_DIR", "", "", nullptr, kInMemory},
        {"AGENT_MAX_PROGRAMS", "", "", nullptr, "at most 16 artifacts are loaded at once"},
        {"AGENT_DEFAULT_TTL_SEC", "", "", nullptr, kItsApproval},
        {"VAULT_URL", "", "", nullptr, kNoVault},
        {"VAULT_TOKEN", "", "", nullptr, kNoVault},
        {"AGENT_VAULT_URL", "", "", nullptr, kNoVault},
        {"AGENT_VAULT_TOKEN", "", "", nullptr, kNoVault},
        {"DEV_PUBLIC_KEY_PATH", "", "", nullptr, kApprovals},
        {"AGENT_PUBLIC_KEY", "", "", nullptr, kApprovals},
        {"AGENT_VERIFY", "", "", nullptr, kApprovals},
        {"DRIFT_CHECK_INTERVAL", "", "", nullptr, kByRoot},
        {"AGENT_CPU_MAX", "", "", nullptr, kItsApproval},
        {"AGENT_CGROUP_PATH", "", "", nullptr, kNoArtifacts},
        {"AGENT_INTERFACE", "", "", nullptr, kNoArtifacts},
        {"AGENT_ROLLBACK_MAX_ERRORS", "", "", nullptr, kNoSuchLimit},
        {"AGENT_ROLLBACK_MAX_VIOLATIONS", "", "", nullptr, kNoSuchLimit},
        {"AGENT_ROLLBACK_MAX_CPU_PERCENT", "", "", nullptr, kItsApproval},
        {"AGENT_ROLLBACK_MAX_LATENCY_MS", "", "", nullptr, kNoSuchLimit},
        {"AGENT_ROLLBACK_MAX_MEMORY_KB", "", "", nullptr, kNoSuchLimit},
        {"AGENT_ROLLBACK_VERIFIER_FAILURE", "", "", nullptr,
         "what the kernel's verifier refuses is never attached"},
        {"AGENT_ROLLBACK_CHECK_INTERVAL_SEC", "", "", nullptr, kByRoot},
        {"AGENT_ROLLBACK_DELAY_SEC", "", "", nullptr, "a rollback is not put off"},
        {"AEGIS_LOG_LEVEL", "log_level", "", &original::python_level},
        {"AEGIS_BACKEND_URL", "", "--backend-url", nullptr, kWebSocket},
        {"AEGIS_BACKEND_HOST", "", "", nullptr, kWebSocket},
        {"AEGIS_BACKEND_PORT", "", "", nullptr, kWebSocket},
        {"AEGIS_AGENT_ID", "", "", nullptr, kWebSocket},
        {"AEGIS_DRY_RUN", "", "", nullptr, kWebSocket},
        {"AEGIS_MTLS", "", "", nullptr, kWebSocket},
        {"AEGIS_TRUSTSTORE", "", "", nullptr, kWebSocket},
        {"AEGIS_VERBOSE", "", "", nullptr, kWebSocket},
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

// The content stands beside the option that names the file.
Result<std::string> AegisfluxOptions::load(
    DialectOptions& options,
    const std::function<Result<std::string>(std::string_view option, bool secret)>& read, Secret&) {
    const auto path = options["verify_key_file"];
    if (path.empty()) return "";
    auto keys = TRY(within("verify_key_file", read("verify_key_file", false)));
    if (keys.empty()) return fail("verify_key_file: " + path + " is not there, or is empty");
    TRY(within("verify_key_file", within(path, check_public_keys(keys))));
    options[std::string(kVerifyKeys)] = std::move(keys);
    return "";
}

AegisfluxOptions AegisfluxOptions::from(const DialectOptions& options) {
    auto filled_in = filled<AegisfluxOptions>(kOptions, options);
    for (auto* url : {&filled_in.registration_url, &filled_in.artifact_url}) {
        while (url->ends_with('/')) url->pop_back();
    }
    const auto keys = options.find(kVerifyKeys);
    if (keys != options.end()) filled_in.verify_keys = keys->second;
    return filled_in;
}

}  // namespace bulkhead::worker
