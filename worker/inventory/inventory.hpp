// Everything this host knows about its network, read at one moment.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/inventory/addresses.hpp"
#include "worker/inventory/links.hpp"
#include "worker/inventory/neighbours.hpp"
#include "worker/inventory/routes.hpp"
#include "worker/inventory/sockets.hpp"

namespace bulkhead::worker {

struct SocketOwner {
    std::uint32_t pid = 0;
    std::string name;  // of the program, as /proc/PID/comm has it
};
using SocketOwners = std::unordered_map<std::uint64_t, SocketOwner>;  // by inode

struct Inventory {
    // A list that could not be read is absent, which is not the same as "there are none".
    std::optional<std::vector<Link>> links;
    std::optional<std::vector<Address>> addresses;
    std::optional<std::vector<Neighbour>> neighbours;
    std::optional<std::vector<Route>> routes;
    std::optional<std::vector<Socket>> sockets;
    SocketOwners owners;                // of some sockets, or of none
    std::vector<std::string> problems;  // one sentence for each list that is absent or not whole
};

Inventory collect_inventory(const DumpLimits& limits = {});

}  // namespace bulkhead::worker
