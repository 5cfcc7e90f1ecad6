// Routes of all tables, IPv4 and IPv6, from RTM_GETROUTE (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

// One way to a destination: a route with several next hops is several of these.
struct Route {
    IpAddress destination;  // unspecified with prefix 0: the default route
    std::uint8_t prefix_length = 0;
    std::optional<IpAddress> gateway;
    std::optional<IpAddress> source;  // the address this host speaks from
    std::uint32_t interface = 0;      // index; 0: none, as for unreachable ones
    std::uint32_t table = 0;          // RT_TABLE_MAIN is 254
    std::uint32_t metric = 0;
    std::uint8_t type = 0;  // RTN_UNICAST is 1

    bool is_default() const { return prefix_length == 0 && destination.is_unspecified(); }
};

Result<Dump<Route>> read_routes(const DumpLimits& limits = {});
Result<> parse_route(const nlmsghdr& message, std::vector<Route>& into);

// The default route of the main table with the lowest metric, or null.
const Route* default_route(const std::vector<Route>& routes, Family family);

}  // namespace bulkhead::worker
