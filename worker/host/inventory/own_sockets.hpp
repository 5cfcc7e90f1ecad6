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
// account has no name that ends with a number. No profile runs jobs as them; a container that
// shares this host's network and ids may.
std::vector<std::uint32_t> worker_uids(std::string_view passwd, std::uint32_t own);

struct Endpoint {
    IpAddress ip;
    std::uint16_t port = 0;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// Removes the connections of these uids, and their other ends if those are on this host. What
// listens stays. Connections that have ended (TIME_WAIT, tcp(7)) belong to no process and no uid:
// removes those to one of `backends`, too, whoever made them.
void remove_own_sockets(std::vector<Socket>& sockets, std::span<const std::uint32_t> uids,
                        std::span<const Endpoint> backends);

}  // namespace bulkhead::worker
