#include "worker/backend/aegisflux/aegisflux_options.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kNoArtifacts = "artifacts are refused, so there is nothing to it";
constexpr std::string_view kNoTelemetry = "telemetry over NATS is not part of this version";

Result<> check_host(std::string_view value) {
    if (value.empty()) return {};
    return check_agent_id(value);
}

Result<> check_url(std::string_view value) {
    if (value.empty()) return {};
    TRY(parse_url(value));
    return {};
}

}  // namespace

std::span<const DialectOption> AegisfluxOptions::rows() {
    static constexpr std::array<DialectOption, 3> kRows{{
        {"host_id", "", "this host's id in the registry; empty: the host id of policy",
         &check_host},
        {"registration_url", "",
         "actions API that this host registers with, by a key of its own; empty: it does not",
         &check_url},
        {"org_id", "default", "organization it registers for", &check_agent_id},
    }};
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
    const auto value = [&options](std::string_view name) {
        if (const auto found = options.find(name); found != options.end()) return found->second;
        const auto row = std::ranges::find(rows(), name, &DialectOption::name);
        return std::string(row == rows().end() ? "" : row->fallback);
    };
    auto url = value("registration_url");
    while (url.ends_with('/')) url.pop_back();
    return {.host_id = value("host_id"), .registration_url = url, .org_id = value("org_id")};
}

}  // namespace bulkhead::worker
