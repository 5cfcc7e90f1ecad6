// Inventory: the links, addresses, neighbours, routes and sockets of this network namespace.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/host/inventory/addresses.hpp"
#include "worker/host/inventory/links.hpp"
#include "worker/host/inventory/neighbours.hpp"
#include "worker/host/inventory/routes.hpp"
#include "worker/host/inventory/sockets.hpp"
#include "worker/host/readings/socket_owners.hpp"

namespace bulkhead::worker {

struct Inventory {
    // A list that could not be read is nullopt; an empty list means that there are none.
    std::optional<std::vector<Link>> links;
    std::optional<std::vector<Address>> addresses;
    std::optional<std::vector<Neighbour>> neighbours;
    std::optional<std::vector<Route>> routes;
    std::optional<std::vector<Socket>> sockets;
    std::shared_ptr<const SocketOwners> owners;  // null if they were not asked for
    std::vector<std::string> problems;  // one sentence for each list that is absent or not whole
};

// Reads the lists one after the other, each within `limits`, and leaves `owners` null. What cannot
// be read or is cut is named in `problems`.
Inventory collect_inventory(const DumpLimits& limits = {});

}  // namespace bulkhead::worker
