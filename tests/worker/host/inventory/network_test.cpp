#include "worker/host/inventory/network.hpp"

#include <gtest/gtest.h>
#include <net/if.h>

#include <algorithm>

namespace bulkhead::worker {
namespace {

Route default_out_of(std::uint32_t interface, Family family) {
    return {.destination = IpAddress(family), .interface = interface, .table = 254, .type = 1};
}

TEST(NetworkLinks, AreClassifiedByWhatTheKernelKnows) {
    const std::vector<Link> links{
        {.index = 1, .name = "lo", .flags = IFF_UP | IFF_LOOPBACK},
        {.index = 2, .name = "eth0", .flags = IFF_UP},
        {.index = 3, .name = "wg0", .kind = "wireguard"},
        {.index = 4, .name = "br0", .kind = "bridge"},
        {.index = 5, .name = "vnet1", .kind = "tun", .master = 4},
        {.index = 6, .name = "bond0", .kind = "bond"},
        {.index = 7, .name = "eth0.7", .kind = "vlan"},
        {.index = 8, .name = "six0"},
    };
    const auto seen = classify_links(
        links, {default_out_of(2, Family::v4), default_out_of(8, Family::v6)},
        {{.name = "eth0", .rx_bytes = 1, .tx_bytes = 2}, {.name = "gone", .rx_bytes = 9}});
    ASSERT_EQ(seen.size(), links.size());
    const auto names_of = [&](auto member) {
        std::string names;
        for (const auto& link : seen) {
            if (link.*member) names += link.interface.name + " ";
        }
        return names;
    };
    EXPECT_EQ(names_of(&NetworkLink::up), "lo eth0 ");
    EXPECT_EQ(names_of(&NetworkLink::loopback), "lo ");
    EXPECT_EQ(names_of(&NetworkLink::default_route), "eth0 six0 ");
    EXPECT_EQ(names_of(&NetworkLink::software), "wg0 br0 ")
        << "bond, VLAN and a bridge's port stand in for hardware";
    EXPECT_EQ(seen[1].interface.tx_bytes, 2U);
    EXPECT_EQ(seen[2].interface.rx_bytes, 0U);
}

TEST(Network, OnlyWhatIsWishedForIsRead) {
    const ProcFiles proc(sys::Dir::open("/proc").value());
    const auto nothing = read_network({}, proc);
    EXPECT_TRUE(nothing.links.empty() && !nothing.address);
    const auto all = read_network({.links = true, .address_probe = "127.0.0.1"}, proc);
    EXPECT_EQ(all.address, "127.0.0.1");
    EXPECT_EQ(std::ranges::count_if(all.links, &NetworkLink::loopback), 1) << "of this very host";
}

TEST(AddressTowards, IsTheOneOnTheWay) {
    EXPECT_EQ(address_towards("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(address_towards("localhost"), std::nullopt) << "no name is ever looked up";
    EXPECT_EQ(address_towards(""), std::nullopt);
}

}  // namespace
}  // namespace bulkhead::worker
