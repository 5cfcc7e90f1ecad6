// Everything this host knows about its network, read at one moment.
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
    // A list that could not be read is absent, which is not the same as "there are none".
    std::optional<std::vector<Link>> links;
    std::optional<std::vector<Address>> addresses;
    std::optional<std::vector<Neighbour>> neighbours;
    std::optional<std::vector<Route>> routes;
    std::optional<std::vector<Socket>> sockets;
    std::shared_ptr<const SocketOwners> owners;  // null where they were not asked for
    std::vector<std::string> problems;  // one sentence for each list that is absent or not whole
};

Inventory collect_inventory(const DumpLimits& limits = {});

}  // namespace bulkhead::worker
