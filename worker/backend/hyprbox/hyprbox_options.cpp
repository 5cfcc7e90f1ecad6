#include "worker/backend/hyprbox/hyprbox_options.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/host/inventory/ip_address.hpp"

namespace bulkhead::worker {

namespace {

Result<> check_node(std::string_view value) {
    if (value.empty()) return {};
    return check_agent_id(value);
}

Result<> check_version(std::string_view value) { return check_agent_id(value); }

Result<> check_ip(std::string_view value) {
    if (value.empty() || value == "auto" || IpAddress::parse(value)) return {};
    return fail("must be auto, an IP address, or empty");
}

Result<> check_path(std::string_view value) {
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '?' || c == '#'; };
    if (!value.starts_with('/')) return fail("must begin with /");
    if (std::ranges::any_of(value, odd)) return fail("holds a blank, ?, # or an odd character");
    return {};
}

Result<> check_job_path(std::string_view value) {
    TRY(check_path(value));
    if (value.find("{id}") == value.npos) return fail("must hold {id}, the place of the job's id");
    return {};
}

Result<> check_member(std::string_view value) {
    if (value.empty()) return fail("must not be empty");
    return {};
}

}  // namespace

std::span<const DialectOption> HyprboxOptions::rows() {
    static constexpr std::array<DialectOption, 14> kRows{{
        {"node_id", "", "this node's id; empty: the host's name", &check_node},
        {"region", "", "sent with each heartbeat when set", &check_node},
        {"ip", "auto",
         "sent with each heartbeat; auto: this host's address on the way out, empty: none",
         &check_ip},
        {"agent_version", "0.1.0", "the version that the server is told: HyprNode's",
         &check_version},
        {"heartbeat_path", "/api/nodes/heartbeat", "where heartbeats go", &check_path},
        {"pending_path", "/api/jobs/pending", "where the next job is claimed", &check_path},
        {"output_path", "/api/jobs/{id}/output", "where output goes", &check_job_path},
        {"complete_path", "/api/jobs/{id}/complete", "where results go", &check_job_path},
        {"findings_path", "/api/findings", "where findings go", &check_path},
        {"id_member", "id", "member of a job that holds its id", &check_member},
        {"script_member", "script", "member of a job that holds its script", &check_member},
        {"chunk_member", "chunk", "member that carries output while a job runs", &check_member},
        {"rest_member", "output", "member that carries the rest of it at the end", &check_member},
        {"findings_member", "findings", "member that lists findings", &check_member},
    }};
    return kRows;
}

std::span<const DialectVariable> HyprboxOptions::variables() {
    static constexpr std::array<DialectVariable, 8> kRows{{
        {"HYPRBOX_API_URL", "url"},
        {"HYPRBOX_NODE_ID", "options.node_id"},
        {"HYPRBOX_NODE_TOKEN", "credential"},
        {"HYPRBOX_INTERVAL", "heartbeat_interval", "", &original::go_duration},
        {"HYPRBOX_SCAN_INTERVAL", "findings.interval", "", &original::go_duration},
        {"HYPRBOX_TLS_PATHS", "findings.tls_paths"},
        {"HYPRBOX_TLS_WARN_DAYS", "findings.tls_warn_days"},
        {"HYPRBOX_TLS_CRITICAL_DAYS", "findings.tls_critical_days"},
    }};
    return kRows;
}

HyprboxOptions HyprboxOptions::from(const DialectOptions& options) {
    const auto value = [&options](std::string_view name) {
        if (const auto found = options.find(name); found != options.end()) return found->second;
        const auto row = std::ranges::find(rows(), name, &DialectOption::name);
        return std::string(row == rows().end() ? "" : row->fallback);
    };
    return {.node_id = value("node_id"),
            .region = value("region"),
            .ip = value("ip"),
            .agent_version = value("agent_version"),
            .heartbeat_path = value("heartbeat_path"),
            .pending_path = value("pending_path"),
            .output_path = value("output_path"),
            .complete_path = value("complete_path"),
            .findings_path = value("findings_path"),
            .id_member = value("id_member"),
            .script_member = value("script_member"),
            .chunk_member = value("chunk_member"),
            .rest_member = value("rest_member"),
            .findings_member = value("findings_member")};
}

}  // namespace bulkhead::worker
