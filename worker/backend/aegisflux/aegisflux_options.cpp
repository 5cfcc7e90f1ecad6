#include "worker/backend/aegisflux/aegisflux_options.hpp"

#include <array>

#include "worker/backend/dialect/identifiers.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kNoArtifacts = "artifacts are refused, so there is nothing to it";
constexpr std::string_view kNoTelemetry = "telemetry over NATS is not part of this version";

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
};

}  // namespace

std::span<const DialectOption> AegisfluxOptions::rows() {
    static constexpr auto kRows = rows_of(kOptions);
    return kRows;
}

std::span<const DialectVariable> AegisfluxOptions::variables() {
    static constexpr std::array<DialectVariable, 15> kRows{{
        {"AGENT_REGISTRY_URL", "url"},
        {"AGENT_HOST_ID", "options.host_id"},
        {"AGENT_POLL_INTERVAL", "heartbeat_interval", "", &original::go_duration},
        {"AGENT_HTTP_ADDR", "", "", nullptr,
         "the agent listens on no port; `bulkhead status` tells what /healthz and /status told"},
        {"NATS_URL", "", "", nullptr, kNoTelemetry},
        {"AGENT_POLICY_SUBJECT", "", "", nullptr, kNoTelemetry},
        {"AGENT_BUNDLES_DIR", "", "", nullptr, kNoArtifacts},
        {"VAULT_URL", "", "", nullptr, kNoArtifacts},
        {"VAULT_TOKEN", "", "", nullptr, kNoArtifacts},
        {"DEV_PUBLIC_KEY_PATH", "", "", nullptr, kNoArtifacts},
        {"AGENT_VERIFY", "", "", nullptr, kNoArtifacts},
        {"DRIFT_CHECK_INTERVAL", "", "", nullptr, kNoArtifacts},
        {"AGENT_CPU_MAX", "", "", nullptr, kNoArtifacts},
        {"AGENT_CGROUP_PATH", "", "", nullptr, kNoArtifacts},
        {"AGENT_INTERFACE", "", "", nullptr, kNoArtifacts},
    }};
    return kRows;
}

AegisfluxOptions AegisfluxOptions::from(const DialectOptions& options) {
    auto filled_in = filled<AegisfluxOptions>(kOptions, options);
    auto& url = filled_in.registration_url;
    while (url.ends_with('/')) url.pop_back();
    return filled_in;
}

}  // namespace bulkhead::worker
