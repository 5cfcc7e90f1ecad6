// Routes of all tables, IPv4 and IPv6, from RTM_GETROUTE (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

// One next hop of a route: a route with several next hops (RTA_MULTIPATH) gives several of these.
struct Route {
    IpAddress destination;  // unspecified with prefix 0: the default route
    std::uint8_t prefix_length = 0;
    std::optional<IpAddress> gateway;
    std::optional<IpAddress> source;  // RTA_PREFSRC: the preferred local address
    std::uint32_t interface = 0;      // index; 0: none, as in an unreachable route
    std::uint32_t table = 0;          // RT_TABLE_MAIN is 254
    std::uint32_t metric = 0;
    std::uint8_t type = 0;  // RTN_UNICAST is 1

    bool is_default() const { return prefix_length == 0 && destination.is_unspecified(); }
};

// Lists the routes of this network namespace. Errors: those of run_dump() and parse_route().
Result<Dump<Route>> read_routes(const DumpLimits& limits = {});
// Appends the route of an RTM_NEWROUTE message; ignores other messages and families. Error: the
// message or one of its next hops is cut off.
Result<> parse_route(const nlmsghdr& message, std::vector<Route>& into);

// The default route of the main table with the lowest metric, or null.
const Route* default_route(const std::vector<Route>& routes, Family family);
// The default routes of all tables but "local": those of the main table first, then by metric, then
// by the number of the table (VRFs and ip-rule(8)).
std::vector<const Route*> default_routes(const std::vector<Route>& routes, Family family);

}  // namespace bulkhead::worker
