// How this host hangs in the network, as sensors report it: its interfaces by what they are good
// for, and the address with which it leaves.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"
#include "worker/host/inventory/links.hpp"
#include "worker/host/inventory/routes.hpp"
#include "worker/host/metrics/network.hpp"
#include "worker/host/metrics/proc_files.hpp"

namespace bulkhead::worker {

struct NetworkLink {
    Interface interface;  // its counters are 0 where they could not be read
    bool up = false;      // by its administrator's word
    bool loopback = false;
    bool default_route = false;  // the best default route, IPv4 or IPv6, leads out of it
    // Made by software, and neither bond, VLAN nor part of a bridge: those stand in for hardware.
    bool software = false;
};

// What somebody wants to know; readings cost system calls.
struct NetworkWish {
    bool links = false;
    std::string address_probe;  // an IPv4 or IPv6 address; empty: no address is wanted
};

struct NetworkFacts {
    std::vector<NetworkLink> links;
    std::optional<std::string> address;  // of this host, on the way to the probe
};

// What cannot be read is absent: a report goes on without it.
NetworkFacts read_network(const NetworkWish& wish, const ProcFiles& proc);

std::vector<NetworkLink> classify_links(const std::vector<Link>& links,
                                        const std::vector<Route>& routes,
                                        const std::vector<Interface>& counters);

// The address the kernel would send from to `probe`: that of a connected datagram socket. Nothing
// is sent, and no name is looked up.
std::optional<std::string> address_towards(const std::string& probe);

}  // namespace bulkhead::worker
