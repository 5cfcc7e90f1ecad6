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

constexpr auto kOptions = std::tuple{
    option("node_id", &HyprboxOptions::node_id,
           {.help = "this node's id; empty: the host's name", .check = &check_node}),
    option("region", &HyprboxOptions::region,
           {.help = "sent with each heartbeat when set", .check = &check_node}),
    option(
        "ip", &HyprboxOptions::ip,
        {.fallback = "auto",
         .help = "sent with each heartbeat; auto: this host's address on the way out, empty: none",
         .check = &check_ip}),
    option("agent_version", &HyprboxOptions::agent_version,
           {.fallback = "0.1.0",
            .help = "the version that the server is told: HyprNode's",
            .check = &check_agent_id}),
    option(
        "heartbeat_path", &HyprboxOptions::heartbeat_path,
        {.fallback = "/api/nodes/heartbeat", .help = "where heartbeats go", .check = &check_path}),
    option("pending_path", &HyprboxOptions::pending_path,
           {.fallback = "/api/jobs/pending",
            .help = "where the next job is claimed",
            .check = &check_path}),
    option("output_path", &HyprboxOptions::output_path,
           {.fallback = "/api/jobs/{id}/output",
            .help = "where output goes",
            .check = &check_job_path}),
    option("complete_path", &HyprboxOptions::complete_path,
           {.fallback = "/api/jobs/{id}/complete",
            .help = "where results go",
            .check = &check_job_path}),
    option("findings_path", &HyprboxOptions::findings_path,
           {.fallback = "/api/findings", .help = "where findings go", .check = &check_path}),
    option("id_member", &HyprboxOptions::id_member,
           {.fallback = "id", .help = "member of a job that holds its id", .check = &check_member}),
    option("script_member", &HyprboxOptions::script_member,
           {.fallback = "script",
            .help = "member of a job that holds its script",
            .check = &check_member}),
    option("chunk_member", &HyprboxOptions::chunk_member,
           {.fallback = "chunk",
            .help = "member that carries output while a job runs",
            .check = &check_member}),
    option("rest_member", &HyprboxOptions::rest_member,
           {.fallback = "output",
            .help = "member that carries the rest of it at the end",
            .check = &check_member}),
    option("findings_member", &HyprboxOptions::findings_member,
           {.fallback = "findings", .help = "member that lists findings", .check = &check_member}),
};

}  // namespace

std::span<const DialectOption> HyprboxOptions::rows() {
    static constexpr auto kRows = rows_of(kOptions);
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
    return filled<HyprboxOptions>(kOptions, options);
}

}  // namespace bulkhead::worker
