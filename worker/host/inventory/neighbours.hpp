// Neighbour tables (arp(7) and NDP, RFC 4861), from RTM_GETNEIGH (rtnetlink(7)).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "worker/host/inventory/netlink.hpp"

namespace bulkhead::worker {

struct Neighbour {
    IpAddress ip;
    std::string mac;              // empty if it is not known or not six octets
    std::uint16_t state = 0;      // a set of NUD_REACHABLE, ... (linux/neighbour.h)
    std::uint32_t interface = 0;  // index
};

// Lists the neighbours of this network namespace, without entries that need no resolution
// (NUD_NOARP: multicast, tunnels), which ip-neighbour(8) does not show either. Errors: those of
// run_dump() and parse_neighbour().
Result<Dump<Neighbour>> read_neighbours(const DumpLimits& limits = {});
// Appends the neighbour of an RTM_NEWNEIGH message; ignores other messages and families. Error: the
// message is shorter than its header.
Result<> parse_neighbour(const nlmsghdr& message, std::vector<Neighbour>& into);

// The names of ip-neighbour(8) in lower case, separated by commas: "reachable",
// "stale,permanent". "none" for 0.
std::string neighbour_state(std::uint16_t state);

}  // namespace bulkhead::worker
