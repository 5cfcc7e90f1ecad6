// The hosts this one met on its links (ARP and NDP), from RTM_GETNEIGH (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

struct Neighbour {
    IpAddress ip;
    std::string mac;              // empty where it is not known or not six octets
    std::uint16_t state = 0;      // NUD_REACHABLE, ... (linux/neighbour.h), several at once
    std::uint32_t interface = 0;  // index
};

// Without those that need no resolution (NUD_NOARP: multicast, tunnels), as ip-neighbour(8) has it.
Result<Dump<Neighbour>> read_neighbours(const DumpLimits& limits = {});
Result<> parse_neighbour(const nlmsghdr& message, std::vector<Neighbour>& into);

// "reachable", "stale,permanent": as ip-neighbour(8) names them, in lower case.
std::string neighbour_state(std::uint16_t state);

}  // namespace bulkhead::worker
