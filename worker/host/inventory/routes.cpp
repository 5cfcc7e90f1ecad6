#include "worker/host/inventory/routes.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <tuple>

namespace bulkhead::worker {

namespace {

// Parses RTA_MULTIPATH: rtnexthop structures (rtnetlink(7)), each followed by its own attributes.
// Appends `route` once for each.
Result<> parse_next_hops(ByteView hops, Route route, Family family, std::vector<Route>& into) {
    while (!hops.empty()) {
        const auto [header, attributes] = TRY(parse_framed<rtnexthop>(hops));
        if (header.rtnh_len < sizeof header || header.rtnh_len > hops.size()) {
            return fail("netlink: a next hop is cut off");
        }
        const Attributes own(hops.first(header.rtnh_len), sizeof header);
        route.interface = static_cast<std::uint32_t>(header.rtnh_ifindex);
        route.gateway = own.address(RTA_GATEWAY, family);
        into.push_back(route);
        hops = hops.subspan(std::min<std::size_t>(NLA_ALIGN(header.rtnh_len), hops.size()));
    }
    return {};
}

}  // namespace

Result<> parse_route(const nlmsghdr& message, std::vector<Route>& into) {
    if (message.nlmsg_type != RTM_NEWROUTE) return {};
    const auto [header, attributes] = TRY(parse_framed<rtmsg>(payload_of(message)));
    const auto family = family_of(header.rtm_family);
    if (!family) return {};
    const Route route{
        .destination = attributes.address(RTA_DST, *family).value_or(IpAddress(*family)),
        .prefix_length = header.rtm_dst_len,
        .gateway = attributes.address(RTA_GATEWAY, *family),
        .source = attributes.address(RTA_PREFSRC, *family),
        .interface = attributes.u32(RTA_OIF).value_or(0),
        .table = attributes.u32(RTA_TABLE).value_or(header.rtm_table),
        .metric = attributes.u32(RTA_PRIORITY).value_or(0),
        .type = header.rtm_type};
    const auto hops = attributes.bytes(RTA_MULTIPATH);
    if (!hops.empty()) return parse_next_hops(hops, route, *family, into);
    into.push_back(route);
    return {};
}

Result<Dump<Route>> read_routes(const DumpLimits& limits) {
    const rtmsg header{.rtm_family = AF_UNSPEC};
    return within("routes", dump_rows<Route>({.protocol = NETLINK_ROUTE,
                                              .type = RTM_GETROUTE,
                                              .header = header_bytes(header)},
                                             &parse_route, limits));
}

std::vector<const Route*> default_routes(const std::vector<Route>& routes, Family family) {
    std::vector<const Route*> found;
    for (const auto& route : routes) {
        if (route.destination.family() != family || !route.is_default()) continue;
        if (route.table == RT_TABLE_LOCAL || route.type != RTN_UNICAST) continue;
        found.push_back(&route);
    }
    std::ranges::stable_sort(found, {}, [](const Route* route) {
        return std::tuple(route->table != RT_TABLE_MAIN, route->metric, route->table);
    });
    return found;
}

const Route* default_route(const std::vector<Route>& routes, Family family) {
    const auto found = default_routes(routes, family);
    return found.empty() || found[0]->table != RT_TABLE_MAIN ? nullptr : found[0];
}

}  // namespace bulkhead::worker
