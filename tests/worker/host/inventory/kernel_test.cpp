// The readers against a real kernel, in a network namespace of their own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "tests/support/forked.hpp"
#include "tests/worker/host/inventory/own_network.hpp"
#include "worker/host/inventory/addresses.hpp"
#include "worker/host/inventory/links.hpp"
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
