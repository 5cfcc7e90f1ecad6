#include "worker/backend/registry.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/bulkhead/bulkhead_dialect.hpp"
#include "worker/backend/hyprbox/hyprbox_dialect.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::array<DialectVariable, 8> kHyprboxVariables{{
    {"HYPRBOX_API_URL", "url"},
    {"HYPRBOX_NODE_ID", "options.node_id"},
    {"HYPRBOX_NODE_TOKEN", "credential"},
    {"HYPRBOX_INTERVAL", "heartbeat_interval"},
    {"HYPRBOX_SCAN_INTERVAL", "findings.interval"},
    {"HYPRBOX_TLS_PATHS", "findings.tls_paths"},
    {"HYPRBOX_TLS_WARN_DAYS", "findings.tls_warn_days"},
    {"HYPRBOX_TLS_CRITICAL_DAYS", "findings.tls_critical_days"},
}};

}  // namespace

std::span<const DialectRow> dialects() {
    static const std::array<DialectRow, 2> kRows{{
        {.name = "bulkhead",
         .default_url = "",
         .enrolls = true,
         .variables = {},
         .options = {},
         .make = [](const DialectOptions&) -> std::unique_ptr<const Dialect> {
             return std::make_unique<BulkheadDialect>();
         }},
        {.name = "hyprbox",
         .default_url = "http://localhost:4000",
         .enrolls = false,
         .variables = kHyprboxVariables,
         .options = HyprboxOptions::rows(),
         .make = [](const DialectOptions& options) -> std::unique_ptr<const Dialect> {
             return std::make_unique<HyprboxDialect>(HyprboxOptions::from(options));
         }},
    }};
    return kRows;
}

const DialectRow* find_dialect(std::string_view name) {
    const auto rows = dialects();
    const auto found = std::ranges::find(rows, name, &DialectRow::name);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace bulkhead::worker
