#include "worker/host/inventory/links.hpp"

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace bulkhead::worker {

bool Link::is_up() const { return (flags & IFF_UP) != 0; }
bool Link::is_loopback() const { return (flags & IFF_LOOPBACK) != 0; }

Result<> parse_link(const nlmsghdr& message, std::vector<Link>& into) {
    if (message.nlmsg_type != RTM_NEWLINK) return {};
    const auto [header, attributes] = TRY(parse_framed<ifinfomsg>(payload_of(message)));
    into.push_back({.index = static_cast<std::uint32_t>(header.ifi_index),
                    .name = attributes.text(IFLA_IFNAME),
                    .flags = header.ifi_flags,
                    .type = header.ifi_type,
                    .kind = Attributes(attributes.bytes(IFLA_LINKINFO)).text(IFLA_INFO_KIND),
                    .mac = attributes.mac(IFLA_ADDRESS),
                    .mtu = attributes.u32(IFLA_MTU).value_or(0),
                    .operstate = attributes.u8(IFLA_OPERSTATE).value_or(0),
                    .master = attributes.u32(IFLA_MASTER).value_or(0)});
    return {};
}

Result<Dump<Link>> read_links(const DumpLimits& limits) {
    const ifinfomsg header{.ifi_family = AF_UNSPEC};
    return within("links", dump_rows<Link>({.protocol = NETLINK_ROUTE,
                                            .type = RTM_GETLINK,
                                            .header = header_bytes(header)},
                                           &parse_link, limits));
}

const Link* find_link(const std::vector<Link>& links, std::uint32_t index) {
    const auto found = std::ranges::find(links, index, &Link::index);
    return found == links.end() ? nullptr : &*found;
}

}  // namespace bulkhead::worker
