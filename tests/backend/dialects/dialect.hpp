// The dialects of the reference backend: each is one file of this folder that adds its routes, and
// one row of kDialects.
#pragma once

#include <array>

#include "tests/backend/narrator.hpp"
#include "tests/backend/router.hpp"
#include "tests/backend/store.hpp"

namespace bulkhead::reference {

struct Services {
    Store& store;
    Narrator& narrator;
};

void add_aegisflux_routes(Router& router, Services services);
void add_bulkhead_routes(Router& router, Services services);
void add_grapheon_routes(Router& router, Services services);
void add_hyprbox_routes(Router& router, Services services);
void add_lunasentri_routes(Router& router, Services services);
void add_ravenxcope_routes(Router& router, Services services);

/// Serves all paths of a backend that has this dialect alone: LunaSentri answers 200 to an unknown
/// path, which an agent must detect.
Handler lunasentri_alone(Services services);

struct Dialect {
    std::string_view name;
    void (*add_routes)(Router&, Services);
    Handler (*alone)(Services) = nullptr;  // null: a backend with this dialect alone has its routes
};

inline constexpr std::array kDialects{
    Dialect{"aegisflux", add_aegisflux_routes},
    Dialect{"bulkhead", add_bulkhead_routes},
    Dialect{"grapheon", add_grapheon_routes},
    Dialect{"hyprbox", add_hyprbox_routes},
    Dialect{"lunasentri", add_lunasentri_routes, lunasentri_alone},
    Dialect{"ravenxcope", add_ravenxcope_routes},
};

}  // namespace bulkhead::reference
