// The agent's own sockets, which are no news about a host: each connection of a worker to its
// backend would be a new element of the next report.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "worker/host/inventory/sockets.hpp"

namespace bulkhead::worker {

// The uids of all workers of this agent, from the content of /etc/passwd: of the accounts named as
// the one with `own` is but for the number at its end, 0 to 15 (bulkhead-w0). Only `own` if its
// account has no name that ends with a number. No other process runs as them.
std::vector<std::uint32_t> worker_uids(std::string_view passwd, std::uint32_t own);

// Removes the sockets of these uids, and the other ends of their connections if those are on this
// host.
void remove_own_sockets(std::vector<Socket>& sockets, std::span<const std::uint32_t> uids);

}  // namespace bulkhead::worker
