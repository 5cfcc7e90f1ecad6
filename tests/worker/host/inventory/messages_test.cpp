// Each kind of message, from bytes to a row.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include "tests/support/ok.hpp"
#include "tests/worker/host/inventory/message_bytes.hpp"
#include "worker/host/inventory/addresses.hpp"
#include "worker/host/inventory/links.hpp"
#include "worker/host/inventory/neighbours.hpp"
#include "worker/host/inventory/routes.hpp"
#include "worker/host/inventory/sockets.hpp"

namespace bulkhead::worker {
namespace {

using test::message;
using test::rows_of;

constexpr char kMac[] = "\x02\xfc\x00\x00\x00\x05";

void put_v4(nlmsghdr* head, std::uint16_t type, const char* text) {
    in_addr address{};
    ::inet_pton(AF_INET, text, &address);
    mnl_attr_put(head, type, sizeof address, &address);
}

std::string text_of(const std::optional<IpAddress>& address) {
    return address ? address->text() : "none";
}

TEST(LinkMessage, SaysWhatAnInterfaceIs) {
    const ifinfomsg header{
        .ifi_family = AF_UNSPEC, .ifi_type = 1, .ifi_index = 4, .ifi_flags = IFF_UP};
    const auto links = rows_of<Link>(message(RTM_NEWLINK, header,
                                             [](nlmsghdr* head) {
                                                 test::put_text(head, IFLA_IFNAME, "wg0");
                                                 mnl_attr_put(head, IFLA_ADDRESS, 6, kMac);
                                                 mnl_attr_put_u32(head, IFLA_MTU, 1420);
                                                 mnl_attr_put_u8(head, IFLA_OPERSTATE, 6);
                                                 mnl_attr_put_u32(head, IFLA_MASTER, 9);
                                                 auto* nest =
                                                     mnl_attr_nest_start(head, IFLA_LINKINFO);
                                                 test::put_text(head, IFLA_INFO_KIND, "wireguard");
                                                 mnl_attr_nest_end(head, nest);
                                             }),
                                     &parse_link);
    ASSERT_OK(links);
    ASSERT_EQ(links->size(), 1U);
    const auto& link = links->front();
    EXPECT_EQ(link.index, 4U);
    EXPECT_EQ(link.name, "wg0");
    EXPECT_EQ(link.kind, "wireguard");
    EXPECT_EQ(link.mac, "02:fc:00:00:00:05");
    EXPECT_EQ(link.mtu, 1420U);
    EXPECT_EQ(link.operstate, 6);
    EXPECT_EQ(link.master, 9U);
    EXPECT_TRUE(link.is_up());
    EXPECT_FALSE(link.is_loopback());
    EXPECT_EQ(find_link(*links, 4), &link);
    EXPECT_EQ(find_link(*links, 5), nullptr);
}

TEST(LinkMessage, WithoutAttributesIsStillAnInterface) {
    const auto links = rows_of<Link>(message(RTM_NEWLINK, ifinfomsg{.ifi_index = 1}), &parse_link);
    ASSERT_TRUE(links);
    ASSERT_EQ(links->size(), 1U);
    EXPECT_EQ(links->front().kind, "");
    EXPECT_EQ(links->front().mac, "");
}

TEST(AddressMessage, OfALinkWithTwoEndsIsTheNearOne) {
    const ifaddrmsg header{.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 3};
    const auto rows = rows_of<Address>(message(RTM_NEWADDR, header,
                                               [](nlmsghdr* head) {
                                                   put_v4(head, IFA_ADDRESS, "10.0.0.2");
                                                   put_v4(head, IFA_LOCAL, "10.0.0.1");
                                                   mnl_attr_put_u32(head, IFA_FLAGS, 0x300);
                                               }),
                                       &parse_address);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->front().ip.text(), "10.0.0.1");
    EXPECT_EQ(rows->front().prefix_length, 32);
    EXPECT_EQ(rows->front().flags, 0x300U);
    EXPECT_EQ(rows->front().interface, 3U);
}

TEST(AddressMessage, WithoutAnAddressOrOfAStrangeFamilyIsNoRow) {
    EXPECT_TRUE(
        rows_of<Address>(message(RTM_NEWADDR, ifaddrmsg{.ifa_family = AF_INET}), &parse_address)
            ->empty());
    EXPECT_TRUE(
        rows_of<Address>(message(RTM_NEWADDR, ifaddrmsg{.ifa_family = AF_PACKET}), &parse_address)
            ->empty());
}

TEST(NeighbourMessage, KnowsStatesAndMayLackAMac) {
    const auto of = [](std::uint16_t state, bool mac) {
        const ndmsg header{.ndm_family = AF_INET, .ndm_ifindex = 2, .ndm_state = state};
        return *rows_of<Neighbour>(message(RTM_NEWNEIGH, header,
                                           [mac](nlmsghdr* head) {
                                               put_v4(head, NDA_DST, "192.0.2.1");
                                               if (mac) mnl_attr_put(head, NDA_LLADDR, 6, kMac);
                                           }),
                                   &parse_neighbour);
    };
    const auto known = of(NUD_STALE, true);
    ASSERT_EQ(known.size(), 1U);
    EXPECT_EQ(known[0].ip.text(), "192.0.2.1");
    EXPECT_EQ(known[0].mac, "02:fc:00:00:00:05");
    EXPECT_EQ(neighbour_state(known[0].state), "stale");
    const auto failed = of(NUD_FAILED, false);
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].mac, "");
    EXPECT_TRUE(of(NUD_NOARP, true).empty());
    EXPECT_EQ(neighbour_state(NUD_REACHABLE | NUD_PERMANENT), "reachable,permanent");
    EXPECT_EQ(neighbour_state(0), "none");
}

TEST(RouteMessage, WithoutADestinationIsTheDefaultRoute) {
    const rtmsg header{.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST};
    const auto rows = rows_of<Route>(message(RTM_NEWROUTE, header,
                                             [](nlmsghdr* head) {
                                                 put_v4(head, RTA_GATEWAY, "192.0.2.1");
                                                 put_v4(head, RTA_PREFSRC, "192.0.2.9");
                                                 mnl_attr_put_u32(head, RTA_OIF, 4);
                                                 mnl_attr_put_u32(head, RTA_PRIORITY, 100);
                                             }),
                                     &parse_route);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    const auto& route = rows->front();
    EXPECT_TRUE(route.is_default());
    EXPECT_EQ(text_of(route.gateway), "192.0.2.1");
    EXPECT_EQ(text_of(route.source), "192.0.2.9");
    EXPECT_EQ(route.interface, 4U);
    EXPECT_EQ(route.metric, 100U);
    EXPECT_EQ(route.table, 254U);
    EXPECT_EQ(default_route(*rows, Family::v4), &route);
    EXPECT_EQ(default_route(*rows, Family::v6), nullptr);
}

Bytes multipath(std::uint16_t second_length) {
    struct Hops {
        rtnexthop first;
        nlattr gateway;
        std::uint8_t octets[4];
        rtnexthop second;
    };
    const Hops hops{.first = {.rtnh_len = 16, .rtnh_ifindex = 2},
                    .gateway = {.nla_len = 8, .nla_type = RTA_GATEWAY},
                    .octets = {10, 0, 0, 1},
                    .second = {.rtnh_len = second_length, .rtnh_ifindex = 3}};
    return message(RTM_NEWROUTE, rtmsg{.rtm_family = AF_INET},
                   [&](nlmsghdr* head) { mnl_attr_put(head, RTA_MULTIPATH, sizeof hops, &hops); });
}

TEST(RouteMessage, WithSeveralNextHopsIsSeveralRoutes) {
    const auto rows = rows_of<Route>(multipath(8), &parse_route);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ(rows->at(0).interface, 2U);
    EXPECT_EQ(text_of(rows->at(0).gateway), "10.0.0.1");
    EXPECT_EQ(rows->at(1).interface, 3U);
    EXPECT_EQ(rows->at(1).gateway, std::nullopt);
}

TEST(RouteMessage, ANextHopThatLiesAboutItsLengthIsAnError) {
    for (const std::uint16_t length : {0, 7, 9, 65'535}) {
        EXPECT_FALSE(rows_of<Route>(multipath(length), &parse_route)) << length;
    }
}

TEST(DefaultRoute, IsTheOneWithTheLowestMetric) {
    std::vector<Route> routes(3);
    for (auto& route : routes) route.table = RT_TABLE_MAIN, route.type = RTN_UNICAST;
    routes[0].metric = 200;
    routes[1].metric = 100;
    routes[2].type = RTN_UNREACHABLE;
    EXPECT_EQ(default_route(routes, Family::v4), &routes[1]);
}

TEST(SocketMessage, SaysWhoTalksToWhom) {
    inet_diag_msg header{
        .idiag_family = AF_INET, .idiag_state = 1, .idiag_uid = 33, .idiag_inode = 4711};
    header.id.idiag_sport = htons(443);
    header.id.idiag_dport = htons(50'000);
    ::inet_pton(AF_INET, "192.0.2.9", &header.id.idiag_src);
    ::inet_pton(AF_INET, "198.51.100.7", &header.id.idiag_dst);
    const auto rows = rows_of<Socket>(message(SOCK_DIAG_BY_FAMILY, header), &parse_tcp_socket);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    const auto& socket = rows->front();
    EXPECT_EQ(socket.transport, Transport::tcp);
    EXPECT_EQ(socket.local.text(), "192.0.2.9");
    EXPECT_EQ(socket.local_port, 443);
    EXPECT_EQ(socket.remote.text(), "198.51.100.7");
    EXPECT_EQ(socket.remote_port, 50'000);
    EXPECT_EQ(socket.inode, 4711U);
    EXPECT_EQ(socket.uid, 33U);
    EXPECT_EQ(
        rows_of<Socket>(message(SOCK_DIAG_BY_FAMILY, header), &parse_udp_socket)->front().transport,
        Transport::udp);
}

TEST(SocketMessage, KnowsListenersOfIpv6Alone) {
    const inet_diag_msg header{.idiag_family = AF_INET6, .idiag_state = 10};
    const auto rows = rows_of<Socket>(
        message(SOCK_DIAG_BY_FAMILY, header,
                [](nlmsghdr* head) { mnl_attr_put_u8(head, INET_DIAG_SKV6ONLY, 1); }),
        &parse_tcp_socket);
    ASSERT_TRUE(rows);
    EXPECT_TRUE(rows->front().v6_only);
    EXPECT_EQ(rows->front().local, IpAddress(Family::v6));
}

TEST(EveryMessage, ThatIsTooShortForItsFixedPartIsAnError) {
    const std::int16_t little = 2;
    EXPECT_FALSE(rows_of<Link>(message(RTM_NEWLINK, little), &parse_link));
    EXPECT_FALSE(rows_of<Address>(message(RTM_NEWADDR, little), &parse_address));
    EXPECT_FALSE(rows_of<Neighbour>(message(RTM_NEWNEIGH, little), &parse_neighbour));
    EXPECT_FALSE(rows_of<Route>(message(RTM_NEWROUTE, little), &parse_route));
    EXPECT_FALSE(rows_of<Socket>(message(SOCK_DIAG_BY_FAMILY, little), &parse_tcp_socket));
}

}  // namespace
}  // namespace bulkhead::worker
