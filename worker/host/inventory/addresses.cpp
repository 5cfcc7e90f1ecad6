#include "worker/host/inventory/addresses.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

namespace bulkhead::worker {

Result<> parse_address(const nlmsghdr& message, std::vector<Address>& into) {
    if (message.nlmsg_type != RTM_NEWADDR) return {};
    const auto [header, attributes] = TRY(parse_framed<ifaddrmsg>(payload_of(message)));
    const auto family = family_of(header.ifa_family);
    if (!family) return {};
    // On a point-to-point link IFA_ADDRESS is the peer's address (linux/if_addr.h).
    auto ip = attributes.address(IFA_LOCAL, *family);
    if (!ip) ip = attributes.address(IFA_ADDRESS, *family);
    if (!ip) return {};
    into.push_back({.ip = *ip,
                    .prefix_length = header.ifa_prefixlen,
                    .scope = header.ifa_scope,
                    .flags = attributes.u32(IFA_FLAGS).value_or(header.ifa_flags),
                    .interface = header.ifa_index});
    return {};
}

Result<Dump<Address>> read_addresses(const DumpLimits& limits) {
    const ifaddrmsg header{.ifa_family = AF_UNSPEC};
    return within("addresses", dump_rows<Address>({.protocol = NETLINK_ROUTE,
                                                   .type = RTM_GETADDR,
                                                   .header = header_bytes(header)},
                                                  &parse_address, limits));
}

}  // namespace bulkhead::worker
