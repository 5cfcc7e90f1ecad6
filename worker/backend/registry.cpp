#include "worker/backend/registry.hpp"

#include <algorithm>
#include <vector>

#include "worker/backend/aegisflux/aegisflux_dialect.hpp"
#include "worker/backend/bulkhead/bulkhead_dialect.hpp"
#include "worker/backend/grapheon/grapheon_dialect.hpp"
#include "worker/backend/hyprbox/hyprbox_dialect.hpp"
#include "worker/backend/lunasentri/lunasentri_dialect.hpp"
#include "worker/backend/ravenxcope/ravenxcope_dialect.hpp"
#include "worker/backend/ravenxcope/ravenxcope_files.hpp"

namespace bulkhead::worker {

namespace {

template <class Made, class Options>
std::unique_ptr<const Dialect> made(const DialectOptions& options) {
    return std::make_unique<Made>(Options::from(options));
}

}  // namespace

std::span<const DialectRow> dialects() {
    static const DialectRow kRows[] = {
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
         .variables = HyprboxOptions::variables(),
         .options = HyprboxOptions::rows(),
         .make = &made<HyprboxDialect, HyprboxOptions>},
        {.name = "grapheon",
         .default_url = "",
         .enrolls = true,
         .takes_credential = true,
         .variables = GrapheonOptions::variables(),
         .options = GrapheonOptions::rows(),
         .make = &made<GrapheonDialect, GrapheonOptions>,
         .original_files = &GrapheonOptions::original_files},
        {.name = "aegisflux",
         .default_url = "http://localhost:8090",
         .enrolls = false,
         .variables = AegisfluxOptions::variables(),
         .options = AegisfluxOptions::rows(),
         .make = &made<AegisfluxDialect, AegisfluxOptions>,
         .load = &AegisfluxOptions::load,
         .original_files = &AegisfluxOptions::original_files},
        {.name = "lunasentri",
         .default_url = "",
         .enrolls = false,
         .variables = LunasentriOptions::variables(),
         .options = LunasentriOptions::rows(),
         .make = &made<LunasentriDialect, LunasentriOptions>},
        {.name = "ravenxcope",
         .default_url = "",
         .enrolls = true,
         .takes_credential = true,
         .variables = RavenxcopeOptions::variables(),
         .options = RavenxcopeOptions::rows(),
         .make = &made<RavenxcopeDialect, RavenxcopeOptions>,
         .check = &check_ravenxcope_options,
         .load = &load_ravenxcope_files},
    };
    return kRows;
}

std::span<const std::string_view> dialect_names() {
    static const auto kNames = [] {
        std::vector<std::string_view> names;
        for (const auto& row : dialects()) names.push_back(row.name);
        return names;
    }();
    return kNames;
}

const DialectRow* find_dialect(std::string_view name) {
    const auto rows = dialects();
    const auto found = std::ranges::find(rows, name, &DialectRow::name);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace bulkhead::worker
