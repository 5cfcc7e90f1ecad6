#include "worker/backend/registry.hpp"

#include <algorithm>

#include "worker/backend/aegisflux/aegisflux_dialect.hpp"
#include "worker/backend/bulkhead/bulkhead_dialect.hpp"
#include "worker/backend/grapheon/grapheon_dialect.hpp"
#include "worker/backend/hyprbox/hyprbox_dialect.hpp"
#include "worker/backend/lunasentri/lunasentri_dialect.hpp"
#include "worker/backend/ravenxcope/ravenxcope_dialect.hpp"
#include "worker/backend/ravenxcope/ravenxcope_files.hpp"

namespace bulkhead::worker {

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
         .make = [](const DialectOptions& options) -> std::unique_ptr<const Dialect> {
             return std::make_unique<HyprboxDialect>(HyprboxOptions::from(options));
         }},
        {.name = "grapheon",
         .default_url = "",
         .enrolls = true,
         .takes_credential = true,
         .variables = GrapheonOptions::variables(),
         .options = GrapheonOptions::rows(),
         .make = [](const DialectOptions& options) -> std::unique_ptr<const Dialect> {
             return std::make_unique<GrapheonDialect>(GrapheonOptions::from(options));
         }},
        {.name = "aegisflux",
         .default_url = "http://localhost:8090",
         .enrolls = false,
         .variables = AegisfluxOptions::variables(),
         .options = AegisfluxOptions::rows(),
         .make = [](const DialectOptions& options) -> std::unique_ptr<const Dialect> {
             return std::make_unique<AegisfluxDialect>(AegisfluxOptions::from(options));
         }},
        {.name = "lunasentri",
         .default_url = "",
         .enrolls = false,
         .variables = LunasentriOptions::variables(),
         .options = LunasentriOptions::rows(),
         .make = [](const DialectOptions& options) -> std::unique_ptr<const Dialect> {
             return std::make_unique<LunasentriDialect>(LunasentriOptions::from(options));
         }},
        {.name = "ravenxcope",
         .default_url = "",
         .enrolls = true,
         .takes_credential = true,
         .variables = RavenxcopeOptions::variables(),
         .options = RavenxcopeOptions::rows(),
         .make = [](const DialectOptions& options) -> std::unique_ptr<const Dialect> {
             return std::make_unique<RavenxcopeDialect>(RavenxcopeOptions::from(options));
         },
         .check = &check_ravenxcope_options,
         .files = kRavenxcopeFiles,
         .load = &load_ravenxcope_files},
    };
    return kRows;
}

const DialectRow* find_dialect(std::string_view name) {
    const auto rows = dialects();
    const auto found = std::ranges::find(rows, name, &DialectRow::name);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace bulkhead::worker
