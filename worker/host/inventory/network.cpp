#include "worker/host/inventory/network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kNetDevMax = 4_MiB;
// A global unicast address (RFC 4291), for hosts that have no route to the IPv4 probe.
constexpr auto* kProbeV6 = "2001:4860:4860::8888";

bool is_software(const Link& link, const std::vector<Link>& all) {
    if (link.kind.empty() || link.kind == "bond" || link.kind == "vlan") return false;
    const auto* const master = find_link(all, link.master);
    return master == nullptr || master->kind != "bridge";
}

// The route does not depend on the port, but the BPF program of the worker's cgroup refuses
// connect(2) to a port that no line "connect" of worker.profile names; the shipped one names 443.
constexpr std::uint16_t kProbePort = 443;

// Fills `address` with `probe`, of either family, and returns its size; 0 if it is no address.
socklen_t parse_address(const std::string& probe, sockaddr_storage& address) {
    auto& four = reinterpret_cast<sockaddr_in&>(address);
    auto& six = reinterpret_cast<sockaddr_in6&>(address);
    if (::inet_pton(AF_INET, probe.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(kProbePort);
        return sizeof four;
    }
    if (::inet_pton(AF_INET6, probe.c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(kProbePort);
        return sizeof six;
    }
    return 0;
}

std::vector<Interface> read_counters(const ProcFiles& proc) {
    std::vector<char> buffer;
    const auto text = proc.net_dev.read(buffer, kNetDevMax);
    return text ? parse_interfaces(*text).value_or(std::vector<Interface>{})
                : std::vector<Interface>{};
}

}  // namespace

std::vector<NetworkLink> classify_links(const std::vector<Link>& links,
                                        const std::vector<Route>& routes,
                                        const std::vector<Interface>& counters) {
    const auto* const four = default_route(routes, Family::v4);
    const auto* const six = default_route(routes, Family::v6);
    const auto leads_out = [](const Route* route, const Link& link) {
        return route != nullptr && route->interface == link.index;
    };
    std::vector<NetworkLink> classified;
    for (const auto& link : links) {
        const auto counted = std::ranges::find(counters, link.name, &Interface::name);
        classified.push_back(
            {.interface = counted == counters.end() ? Interface{.name = link.name} : *counted,
             .up = link.is_up(),
             .loopback = link.is_loopback(),
             .default_route = leads_out(four, link) || leads_out(six, link),
             .software = is_software(link, links)});
    }
    return classified;
}

NetworkFacts read_network(const NetworkWish& wish, const ProcFiles& proc) {
    NetworkFacts facts;
    if (!wish.address_probe.empty()) {
        facts.address = address_towards(wish.address_probe);
        if (!facts.address) facts.address = address_towards(kProbeV6);
    }
    if (!wish.links) return facts;
    const auto links = read_links();
    const auto routes = read_routes();
    if (!links) return facts;
    facts.links = classify_links(links->rows, routes ? routes->rows : std::vector<Route>{},
                                 read_counters(proc));
    return facts;
}

std::optional<std::string> address_towards(const std::string& probe) {
    sockaddr_storage address{};
    auto size = parse_address(probe, address);
    if (size == 0) return std::nullopt;
    const sys::Fd socket(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (!socket || ::connect(socket.get(), any, size) != 0) return std::nullopt;
    size = sizeof address;
    if (::getsockname(socket.get(), any, &size) != 0) return std::nullopt;
    const void* const bytes =
        address.ss_family == AF_INET
            ? static_cast<const void*>(&reinterpret_cast<sockaddr_in&>(address).sin_addr)
            : static_cast<const void*>(&reinterpret_cast<sockaddr_in6&>(address).sin6_addr);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(address.ss_family, bytes, text.data(), text.size()) == nullptr) {
        return std::nullopt;
    }
    return text.data();
}

}  // namespace bulkhead::worker
