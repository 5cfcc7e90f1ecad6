// Network interfaces, from RTM_GETLINK (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

struct Link {
    std::uint32_t index = 0;
    std::string name;            // as Attributes::text() gives it
    std::uint32_t flags = 0;     // IFF_UP, IFF_LOOPBACK, ... (linux/if.h)
    std::uint16_t type = 0;      // ARPHRD_ETHER, ... (linux/if_arp.h)
    std::string kind;            // "bridge", "veth", "wireguard", ...; empty for hardware
    std::string mac;             // "02:fc:00:00:00:05"; empty if it is not six octets
    std::uint32_t mtu = 0;       // bytes
    std::uint8_t operstate = 0;  // IF_OPER_UP is 6 (linux/if.h)
    std::uint32_t master = 0;    // index of the bridge or bond it belongs to; 0: none

    bool is_up() const;  // IFF_UP: an administrator enabled it, whether or not it has a carrier
    bool is_loopback() const;
};

// Lists the interfaces of this network namespace. Errors: those of run_dump() and parse_link().
Result<Dump<Link>> read_links(const DumpLimits& limits = {});
// Appends the interface of an RTM_NEWLINK message; ignores other messages. Error: the message is
// shorter than its header.
Result<> parse_link(const nlmsghdr& message, std::vector<Link>& into);

// The link with this index; null if there is none, as when it was removed between two dumps.
const Link* find_link(const std::vector<Link>& links, std::uint32_t index);

}  // namespace bulkhead::worker
