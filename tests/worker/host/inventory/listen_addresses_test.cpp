#include "worker/host/inventory/listen_addresses.hpp"

#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>

#include "tests/worker/host/inventory/message_bytes.hpp"

namespace bulkhead::worker {
namespace {

using Texts = std::vector<std::string>;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

Address on(std::uint32_t interface, std::string_view text, std::uint8_t scope = RT_SCOPE_UNIVERSE,
           std::uint32_t flags = 0) {
    return {.ip = ip(text),
            .prefix_length = 24,
            .scope = scope,
            .flags = flags,
            .interface = interface};
}

Route default_way(std::uint32_t interface, std::uint32_t table = RT_TABLE_MAIN,
                  std::uint32_t metric = 0, Family family = Family::v4) {
    return {.destination = IpAddress(family),
            .gateway = {},
            .source = {},
            .interface = interface,
            .table = table,
            .metric = metric,
            .type = RTN_UNICAST};
}

Socket everywhere(Family family, std::uint32_t interface = 0) {
    return {.v6_only = family == Family::v6,
            .local = IpAddress(family),
            .remote = IpAddress(family),
            .interface = interface};
}

// lo, two interfaces that lead out, one member of the VRF 9.
Inventory host() {
    Inventory all;
    all.links = {{.index = 1, .name = "lo", .kind = "", .mac = ""},
                 {.index = 2, .name = "docker0", .kind = "bridge", .mac = ""},
                 {.index = 3, .name = "eth0", .kind = "", .mac = ""},
                 {.index = 4, .name = "eth1", .kind = "", .mac = "", .master = 9},
                 {.index = 9, .name = "mgmt", .kind = "vrf", .mac = ""}};
    all.addresses = {on(1, "127.0.0.1", RT_SCOPE_HOST), on(1, "::1", RT_SCOPE_HOST),
                     on(2, "172.17.0.1"), on(3, "192.0.2.9"), on(4, "198.51.100.9")};
    all.routes.emplace();
    return all;
}

Texts found(const Inventory& inventory, const Socket& socket) {
    Texts texts;
    for (const auto& address : ListenAddresses(inventory).of(socket)) {
        texts.push_back(address.text());
    }
    return texts;
}

TEST(ListenAddresses, FollowTheDefaultRouteOfTheMainTableThenOthersThenTakeTheFirst) {
    auto all = host();
    const auto four = everywhere(Family::v4);
    EXPECT_EQ(found(all, four), Texts{"172.17.0.1"}) << "the first global one";
    all.routes = {default_way(4, 1001, 10)};
    EXPECT_EQ(found(all, four), Texts{"198.51.100.9"}) << "of a VRF";
    all.routes->push_back(default_way(3, 100, 5));
    EXPECT_EQ(found(all, four), Texts{"192.0.2.9"}) << "the lower metric";
    all.routes->push_back(default_way(4, RT_TABLE_MAIN, 900));
    EXPECT_EQ(found(all, four), Texts{"198.51.100.9"}) << "the main table, whatever its metric";
    all.routes->back().source = ip("203.0.113.1");
    EXPECT_EQ(found(all, four), Texts{"203.0.113.1"});
    all.routes = {default_way(7), default_way(3, 100)};
    EXPECT_EQ(found(all, four), Texts{"192.0.2.9"}) << "an interface without an address";
    all.routes = std::nullopt;
    EXPECT_EQ(found(all, four), Texts{"172.17.0.1"}) << "routes that could not be read";
}

template <class Row, class Header>
Row row_of(std::uint16_t type, const Header& header, ParseRow<Row> parse,
           const std::function<void(nlmsghdr*)>& fill) {
    const auto rows = test::rows_of<Row>(test::message(type, header, fill), parse);
    return rows && rows->size() == 1 ? rows->front() : Row{};
}

// As Linux tells of a management VRF (ip-link(8)): not every kernel that runs this test has them.
TEST(ListenAddresses, OfAHostWhoseDefaultRouteIsInAVrf) {
    const auto put_ip = [](nlmsghdr* head, std::uint16_t type, std::array<std::uint8_t, 4> octets) {
        mnl_attr_put(head, type, octets.size(), octets.data());
    };
    Inventory all;
    all.links = {
        row_of<Link>(RTM_NEWLINK, ifinfomsg{.ifi_index = 4}, &parse_link,
                     [](nlmsghdr* head) {
                         mnl_attr_put_strz(head, IFLA_IFNAME, "eth1");
                         mnl_attr_put_u32(head, IFLA_MASTER, 9);
                     }),
        row_of<Link>(RTM_NEWLINK, ifinfomsg{.ifi_index = 9}, &parse_link, [](nlmsghdr* head) {
            mnl_attr_put_strz(head, IFLA_IFNAME, "mgmt");
            auto* nest = mnl_attr_nest_start(head, IFLA_LINKINFO);
            mnl_attr_put_strz(head, IFLA_INFO_KIND, "vrf");
            mnl_attr_nest_end(head, nest);
        })};
    const auto address = [&](std::uint32_t interface, std::array<std::uint8_t, 4> octets) {
        return row_of<Address>(
            RTM_NEWADDR, ifaddrmsg{.ifa_family = AF_INET, .ifa_index = interface}, &parse_address,
            [&](nlmsghdr* head) { put_ip(head, IFA_LOCAL, octets); });
    };
    all.addresses = {address(3, {192, 0, 2, 9}), address(4, {198, 51, 100, 9})};
    all.routes = {row_of<Route>(RTM_NEWROUTE, rtmsg{.rtm_family = AF_INET, .rtm_type = RTN_UNICAST},
                                &parse_route, [](nlmsghdr* head) {
                                    mnl_attr_put_u32(head, RTA_TABLE, 1001);
                                    mnl_attr_put_u32(head, RTA_OIF, 4);
                                })};
    EXPECT_EQ(all.routes->front().table, 1001U);
    EXPECT_EQ(default_route(*all.routes, Family::v4), nullptr) << "of the main table";
    EXPECT_EQ(found(all, everywhere(Family::v4)), Texts{"198.51.100.9"});
    EXPECT_EQ(found(all, everywhere(Family::v4, 9)), Texts{"198.51.100.9"});
    EXPECT_EQ(found(all, everywhere(Family::v4, 3)), Texts{"192.0.2.9"});
}

TEST(ListenAddresses, ABlackholeIsNoWayOut) {
    auto all = host();
    all.routes = {default_way(3)};
    all.routes->at(0).type = RTN_BLACKHOLE;
    EXPECT_EQ(found(all, everywhere(Family::v4)), Texts{"172.17.0.1"});
}

TEST(ListenAddresses, ALastingGlobalAddressGoesBeforeAnyOtherButLoopback) {
    auto all = host();
    const auto six = everywhere(Family::v6);
    EXPECT_EQ(found(all, six), Texts{}) << "::1 is nobody else's";
    all.addresses->push_back(on(3, "fe80::9", RT_SCOPE_LINK));
    EXPECT_EQ(found(all, six), Texts{"fe80::9"});
    all.addresses->push_back(on(3, "2001:db8::1", RT_SCOPE_UNIVERSE, IFA_F_TENTATIVE));
    all.addresses->push_back(on(3, "2001:db8::2", RT_SCOPE_UNIVERSE, IFA_F_TEMPORARY));
    EXPECT_EQ(found(all, six), Texts{"fe80::9"});
    all.addresses->push_back(on(1, "2001:db8::3"));
    EXPECT_EQ(found(all, six), Texts{"2001:db8::3"}) << "a router's address on lo";
}

TEST(ListenAddresses, ASocketBoundToAnInterfaceIsReachedThere) {
    auto all = host();
    all.routes = {default_way(3)};
    EXPECT_EQ(found(all, everywhere(Family::v4, 2)), Texts{"172.17.0.1"});
    EXPECT_EQ(found(all, everywhere(Family::v4, 1)), Texts{"127.0.0.1"});
    EXPECT_EQ(found(all, everywhere(Family::v4, 9)), Texts{"198.51.100.9"}) << "a member's";
    EXPECT_EQ(found(all, everywhere(Family::v4, 5)), Texts{});
}

TEST(ListenAddresses, BothFamiliesAreASocketsOnTheUnspecifiedAddressAlone) {
    auto all = host();
    all.addresses->push_back(on(3, "2001:db8::1"));
    all.routes = {default_way(3), default_way(3, RT_TABLE_MAIN, 0, Family::v6)};
    auto both = everywhere(Family::v6);
    EXPECT_EQ(found(all, both), Texts{"2001:db8::1"});
    both.v6_only = false;
    EXPECT_EQ(found(all, both), (Texts{"192.0.2.9", "2001:db8::1"}));
    both.local = ip("ff02::fb");
    EXPECT_EQ(found(all, both), Texts{"2001:db8::1"});
}

TEST(ListenAddresses, KnowWhatIsNoHost) {
    auto all = host();
    all.routes->push_back({.destination = ip("192.0.2.255"),
                           .gateway = {},
                           .source = {},
                           .table = RT_TABLE_LOCAL,
                           .type = RTN_BROADCAST});
    const ListenAddresses listen(all);
    for (const auto* text : {"0.0.0.0", "::", "224.0.0.1", "239.255.255.255", "255.255.255.255",
                             "192.0.2.255", "ff02::fb"}) {
        EXPECT_TRUE(listen.is_of_no_host(ip(text))) << text;
    }
    for (const auto* text : {"192.0.2.9", "223.255.255.255", "240.0.0.1", "127.0.0.1", "fe80::1"}) {
        EXPECT_FALSE(listen.is_of_no_host(ip(text))) << text;
    }
}

}  // namespace
}  // namespace bulkhead::worker
