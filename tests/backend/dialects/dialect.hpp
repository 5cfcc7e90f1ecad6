// A dialect is one file of this folder that adds its routes; to speak another, write its file and
// list it here.
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
void add_hyprbox_routes(Router& router, Services services);

struct Dialect {
    std::string_view name;
    void (*add_routes)(Router&, Services);
};

inline constexpr std::array kDialects{
    Dialect{"aegisflux", add_aegisflux_routes},
    Dialect{"bulkhead", add_bulkhead_routes},
    Dialect{"hyprbox", add_hyprbox_routes},
};

}  // namespace bulkhead::reference
