// The readers against a real kernel, in a network namespace of their own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "tests/support/forked.hpp"
#include "tests/support/own_network.hpp"
#include "worker/host/inventory/addresses.hpp"
#include "worker/host/inventory/inventory.hpp"
#include "worker/host/inventory/links.hpp"
#include "worker/host/inventory/listen_addresses.hpp"
#include "worker/host/inventory/neighbours.hpp"
#include "worker/host/inventory/network.hpp"
#include "worker/host/inventory/routes.hpp"
#include "worker/host/inventory/sockets.hpp"

namespace bulkhead::worker {
namespace {

// In a child with a network of its own; the words of the first thing that failed.
std::string in_own_network(const std::function<Result<>()>& act) {
    return test::forked([&]() -> std::string {
        if (const auto entered = test::enter_own_network(); !entered) {
            return "skip: " + entered.error().what;
        }
        const auto done = act();
        return done ? "" : done.error().what;
    });
}

#define RUN_IN_OWN_NETWORK(...)                                 \
    do {                                                        \
        const auto words = in_own_network(__VA_ARGS__);         \
        if (words.starts_with("skip: ")) GTEST_SKIP() << words; \
        EXPECT_EQ(words, "");                                   \
    } while (false)

Result<> require(bool truth, std::string what) {
    if (!truth) return fail(std::move(what));
    return {};
}

TEST(KernelsInventory, ListsLinksAddressesNeighboursAndRoutes) {
    RUN_IN_OWN_NETWORK([]() -> Result<> {
        TRY(test::add_bridge("br0"));
        const auto bridge = test::interface_index("br0");
        TRY(test::bring_up(bridge));
        TRY(test::add_address(bridge, "192.0.2.9", 24));
        TRY(test::add_address(bridge, "2001:db8::9", 64));
        TRY(test::add_neighbour(bridge, "192.0.2.1", "02:fc:00:00:00:05"));
        TRY(test::add_route(bridge, "0.0.0.0", 0, "192.0.2.1"));

        const auto links = TRY(read_links());
        const auto* link = find_link(links.rows, bridge);
        TRY(require(links.rows.size() >= 2 && link != nullptr, "no bridge"));
        TRY(require(link->name == "br0" && link->kind == "bridge", "kind: " + link->kind));
        TRY(require(link->mac.size() == 17 && link->is_up(), "mac: " + link->mac));
        TRY(require(find_link(links.rows, 1)->is_loopback(), "lo"));

        const auto addresses = TRY(read_addresses());
        const auto has = [&](std::string_view text, std::uint8_t prefix) {
            return std::ranges::any_of(addresses.rows, [&](const Address& row) {
                return row.ip.text() == text && row.prefix_length == prefix &&
                       row.interface == bridge;
            });
        };
        TRY(require(has("192.0.2.9", 24) && has("2001:db8::9", 64), "addresses"));

        const auto neighbours = TRY(read_neighbours());
        TRY(require(neighbours.rows.size() == 1, "neighbours"));
        TRY(require(neighbours.rows[0].mac == "02:fc:00:00:00:05", neighbours.rows[0].mac));
        TRY(require(neighbour_state(neighbours.rows[0].state) == "permanent", "state"));

        const auto routes = TRY(read_routes());
        const auto* way = default_route(routes.rows, Family::v4);
        TRY(require(way != nullptr && way->interface == bridge, "default route"));
        return require(way->gateway && way->gateway->text() == "192.0.2.1", "gateway");
    });
}

TEST(KernelsInventory, ListsListenersAndConnectionsOfBothTransports) {
    RUN_IN_OWN_NETWORK([]() -> Result<> {
        const sys::Fd listener(::socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in here{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof here;
        auto* const name = reinterpret_cast<sockaddr*>(&here);
        TRY(require(::bind(listener.get(), name, size) == 0, "bind"));
        TRY(require(::listen(listener.get(), 1) == 0, "listen"));
        TRY(require(::getsockname(listener.get(), name, &size) == 0, "getsockname"));
        const sys::Fd client(::socket(AF_INET, SOCK_STREAM, 0));
        TRY(require(::connect(client.get(), name, size) == 0, "connect"));
        const sys::Fd datagrams(::socket(AF_INET6, SOCK_DGRAM, 0));
        const sockaddr_in6 any{.sin6_family = AF_INET6, .sin6_port = htons(5353)};
        TRY(require(
            ::bind(datagrams.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0,
            "bind udp"));

        const auto sockets = TRY(read_sockets());
        TRY(require(sockets.problems.empty(), "problems"));
        const auto port = ntohs(here.sin_port);
        const auto count = [&](Transport transport, int state, auto... ports) {
            return std::ranges::count_if(sockets.rows, [&](const Socket& row) {
                return row.transport == transport && row.state == state &&
                       ((row.local_port == ports || row.remote_port == ports) || ...);
            });
        };
        TRY(require(count(Transport::tcp, TCP_LISTEN, port) == 1, "listener"));
        TRY(require(count(Transport::tcp, TCP_ESTABLISHED, port) == 2, "both ends"));
        TRY(require(count(Transport::udp, TCP_CLOSE, 5353) == 1, "udp"));
        return require(std::ranges::none_of(sockets.rows,
                                            [](const Socket& row) {
                                                return row.local_port == 5353 &&
                                                       !row.local.is_unspecified();
                                            }),
                       "wildcard");
    });
}

Result<sys::Fd> bound(int type, const char* ip, std::uint16_t port, int v6_only = -1) {
    sockaddr_in four{.sin_family = AF_INET, .sin_port = htons(port)};
    sockaddr_in6 six{.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const bool is_four = ::inet_pton(AF_INET, ip, &four.sin_addr) == 1;
    if (!is_four) ::inet_pton(AF_INET6, ip, &six.sin6_addr);
    sys::Fd socket(::socket(is_four ? AF_INET : AF_INET6, type, 0));
    if (v6_only >= 0) {
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    }
    const auto* name = is_four ? reinterpret_cast<const sockaddr*>(&four)
                               : reinterpret_cast<const sockaddr*>(&six);
    const auto size = static_cast<socklen_t>(is_four ? sizeof four : sizeof six);
    TRY(require(::bind(socket.get(), name, size) == 0, std::string("bind ") + ip));
    return socket;
}

// A host before DHCP, or in an isolated network.
TEST(KernelsInventory, ListenersHaveAddressesWithoutADefaultRoute) {
    RUN_IN_OWN_NETWORK([]() -> Result<> {
        TRY(test::add_bridge("br0"));
        const auto bridge = test::interface_index("br0");
        TRY(test::bring_up(bridge));
        std::vector<sys::Fd> open;
        open.push_back(TRY(bound(SOCK_STREAM, "0.0.0.0", 22)));
        open.push_back(TRY(bound(SOCK_STREAM, "::", 22, 1)));
        open.push_back(TRY(bound(SOCK_STREAM, "::", 8080, 0)));
        for (const auto& socket : open) TRY(require(::listen(socket.get(), 1) == 0, "listen"));
        open.push_back(TRY(bound(SOCK_DGRAM, "::", 123, 0)));
        open.push_back(TRY(bound(SOCK_DGRAM, "224.0.0.251", 5353)));
        const auto idle = TRY(bound(SOCK_STREAM, "127.0.0.1", 8040));

        const auto listing = []() -> std::vector<std::string> {
            const auto inventory = collect_inventory();
            const ListenAddresses listen(inventory);
            std::vector<std::string> all;
            for (const auto& socket : *inventory.sockets) {
                const auto port = ":" + std::to_string(socket.local_port);
                if (!listen.is_of_no_host(socket.local)) all.push_back(socket.local.text() + port);
                for (const auto& ip : listen.of(socket)) all.push_back(ip.text() + port);
            }
            std::ranges::sort(all);
            return all;
        };
        TRY(require(listing().empty(), "loopback addresses reach nobody"));
        TRY(test::add_address(bridge, "192.0.2.9", 24));
        TRY(test::add_address(bridge, "2001:db8::9", 64));
        std::string listed;
        for (const auto& line : listing()) listed += line + " ";
        return require(listed ==
                           "192.0.2.9:123 192.0.2.9:22 192.0.2.9:5353 192.0.2.9:8080 "
                           "2001:db8::9:123 2001:db8::9:22 2001:db8::9:8080 ",
                       listed);
    });
}

TEST(KernelsInventory, ABroadcastAddressIsNoHost) {
    RUN_IN_OWN_NETWORK([]() -> Result<> {
        TRY(test::add_bridge("br0"));
        TRY(test::bring_up(test::interface_index("br0")));
        TRY(test::add_address(test::interface_index("br0"), "192.0.2.9", 24));
        const auto inventory = collect_inventory();
        const ListenAddresses listen(inventory);
        TRY(require(!listen.is_of_no_host(*IpAddress::parse("192.0.2.9")), "its own address"));
        return require(listen.is_of_no_host(*IpAddress::parse("192.0.2.255")), "broadcast");
    });
}

TEST(KernelsInventory, IsCutWhereThereIsTooMuch) {
    RUN_IN_OWN_NETWORK([]() -> Result<> {
        for (int i = 0; i < 20; ++i) TRY(test::add_bridge("br" + std::to_string(i)));
        const auto links = TRY(read_links({.rows = 5}));
        TRY(require(links.cut && links.rows.size() == 5, "not cut"));
        const auto all = TRY(read_links());
        return require(!all.cut && all.rows.size() >= 21, "cut");
    });
}

TEST(KernelsInventory, AQuestionTheKernelDoesNotKnowIsAnError) {
    const auto dump =
        dump_rows<Link>({.protocol = NETLINK_ROUTE, .type = 0x7ff0, .header = {}}, &parse_link, {});
    ASSERT_FALSE(dump);
    EXPECT_EQ(dump.error().code, EOPNOTSUPP) << dump.error().what;
}

TEST(Kernel, AHostWithoutIpv4HasAnAddressAllTheSame) {
    RUN_IN_OWN_NETWORK([]() -> Result<> {
        const ProcFiles proc(TRY(sys::Dir::open("/proc")));
        const auto address = [&proc] {
            return read_network({.address_probe = "8.8.8.8"}, proc).address.value_or("none");
        };
        if (address() != "none") return fail("without a route: " + address());
        const auto loopback = test::interface_index("lo");
        TRY(test::bring_up(loopback));
        TRY(test::add_address(loopback, "2001:db8::5", 128));  // on lo it is usable at once
        TRY(test::add_bridge("br7"));
        TRY(test::bring_up(test::interface_index("br7")));
        TRY(test::add_route(test::interface_index("br7"), "::", 0, ""));
        return address() == "2001:db8::5" ? Result<>() : fail(address());
    });
}

}  // namespace
}  // namespace bulkhead::worker
