// Addresses of interfaces, IPv4 and IPv6, from RTM_GETADDR (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

struct Address {
    IpAddress ip;  // this host's, also where the link has two ends
    std::uint8_t prefix_length = 0;
    std::uint8_t scope = 0;       // RT_SCOPE_UNIVERSE is 0
    std::uint32_t flags = 0;      // IFA_F_DEPRECATED, ... (linux/if_addr.h)
    std::uint32_t interface = 0;  // index
};

Result<Dump<Address>> read_addresses(const DumpLimits& limits = {});
Result<> parse_address(const nlmsghdr& message, std::vector<Address>& into);

}  // namespace bulkhead::worker
