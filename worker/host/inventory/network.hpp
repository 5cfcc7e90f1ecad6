// NetworkFacts: the interfaces of this host with what each is used for, and the local address of
// its connections to the internet. The ravenxcope and hyprbox dialects report them.
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
    Interface interface;  // its counters are 0 if they could not be read
    bool up = false;      // IFF_UP
    bool loopback = false;
    bool default_route = false;  // the best IPv4 or the best IPv6 default route uses it
    // A device that the kernel made (IFLA_INFO_KIND is set), other than a bond, a VLAN or a port of
    // a bridge: these count as hardware.
    bool software = false;
};

// Selects what read_network() reads; what is not selected costs no system call.
struct NetworkWish {
    bool links = false;
    std::string address_probe;  // an IPv4 or IPv6 address; empty: no address is read
};

struct NetworkFacts {
    std::vector<NetworkLink> links;
    std::optional<std::string> address;  // of this host, as address_towards() gives it
};

// What cannot be read is left out, so that the report can still be sent. If there is no address
// towards an IPv4 probe, an IPv6 one is tried.
NetworkFacts read_network(const NetworkWish& wish, const ProcFiles& proc);

// Counters are matched by name; an interface without counters gets zeros.
std::vector<NetworkLink> classify_links(const std::vector<Link>& links,
                                        const std::vector<Route>& routes,
                                        const std::vector<Interface>& counters);

// The local address that the kernel chooses for packets to `probe`, an IPv4 or IPv6 address:
// getsockname(2) after connect(2) of a UDP socket. No packet is sent and no name looked up. nullopt
// if `probe` is no address, has no route, or policy lets no connection to its port 443 pass.
std::optional<std::string> address_towards(const std::string& probe);

}  // namespace bulkhead::worker
