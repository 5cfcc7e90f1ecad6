// Addresses of interfaces, IPv4 and IPv6, from RTM_GETADDR (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

struct Address {
    IpAddress ip;  // of this host; on a point-to-point link not the peer's
    std::uint8_t prefix_length = 0;
    std::uint8_t scope = 0;       // RT_SCOPE_UNIVERSE is 0
    std::uint32_t flags = 0;      // IFA_F_DEPRECATED, ... (linux/if_addr.h)
    std::uint32_t interface = 0;  // index
};

// Lists the addresses of this network namespace. Errors: those of run_dump() and parse_address().
Result<Dump<Address>> read_addresses(const DumpLimits& limits = {});
// Appends the address of an RTM_NEWADDR message; ignores other messages and families. Error: the
// message is shorter than its header.
Result<> parse_address(const nlmsghdr& message, std::vector<Address>& into);

}  // namespace bulkhead::worker
