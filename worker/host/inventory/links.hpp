// Network interfaces, from RTM_GETLINK (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

struct Link {
    std::uint32_t index = 0;
    std::string name;            // UTF-8; bytes that are not stand as \xNN
    std::uint32_t flags = 0;     // IFF_UP, IFF_LOOPBACK, ... (linux/if.h)
    std::uint16_t type = 0;      // ARPHRD_ETHER, ... (linux/if_arp.h)
    std::string kind;            // "bridge", "veth", "wireguard", ...; empty for hardware
    std::string mac;             // "02:fc:00:00:00:05"; empty where it is not six octets
    std::uint32_t mtu = 0;       // bytes
    std::uint8_t operstate = 0;  // IF_OPER_UP is 6 (linux/if.h)
    std::uint32_t master = 0;    // index of the bridge or bond it belongs to; 0: none

    bool is_up() const;  // by its administrator's word
    bool is_loopback() const;
};

Result<Dump<Link>> read_links(const DumpLimits& limits = {});
Result<> parse_link(const nlmsghdr& message, std::vector<Link>& into);

// By index; null where it is gone already.
const Link* find_link(const std::vector<Link>& links, std::uint32_t index);

}  // namespace bulkhead::worker
