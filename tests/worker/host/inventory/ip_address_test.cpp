#include "worker/host/inventory/ip_address.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace bulkhead::worker {
namespace {

TEST(IpAddress, IsWrittenAsItWasRead) {
    for (const auto* text : {"0.0.0.0", "192.0.2.1", "::", "fe80::1", "::ffff:192.0.2.1"}) {
        const auto address = IpAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), text);
    }
}

TEST(IpAddress, WhatIsNoneIsNotRead) {
    for (const auto* text : {"", "192.0.2", "192.0.2.1/24", "fe80::1%eth0", "host"}) {
        EXPECT_FALSE(IpAddress::parse(text)) << text;
    }
}

TEST(IpAddress, TheUnspecifiedOnesAreTwo) {
    EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
    EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
    EXPECT_FALSE(IpAddress::parse("::1")->is_unspecified());
    EXPECT_NE(IpAddress(Family::v4), IpAddress(Family::v6));
}

TEST(IpAddress, BytesMustFitTheFamily) {
    const Bytes four(4, std::byte{1});
    EXPECT_EQ(IpAddress::from(Family::v4, four)->text(), "1.1.1.1");
    EXPECT_FALSE(IpAddress::from(Family::v6, four));
    EXPECT_FALSE(IpAddress::from(Family::v4, Bytes(16)));
}

TEST(IpAddress, OtherFamiliesAreNone) {
    EXPECT_EQ(family_of(AF_INET), Family::v4);
    EXPECT_EQ(family_of(AF_INET6), Family::v6);
    EXPECT_EQ(family_of(AF_UNIX), std::nullopt);
}

TEST(IpAddress, KnowsLoopbackMulticastAndMappedAddresses) {
    const auto ip = [](const char* text) { return *IpAddress::parse(text); };
    EXPECT_TRUE(ip("127.0.0.53").is_loopback() && ip("::1").is_loopback());
    EXPECT_FALSE(ip("128.0.0.1").is_loopback() || ip("::").is_loopback());
    EXPECT_TRUE(ip("224.0.0.1").is_multicast() && ip("ff02::fb").is_multicast());
    EXPECT_FALSE(ip("240.0.0.1").is_multicast() || ip("fe80::1").is_multicast());
    EXPECT_EQ(ip("::ffff:10.77.0.2").unmapped(), ip("10.77.0.2"));
    EXPECT_EQ(ip("::10.77.0.2").unmapped(), ip("::10.77.0.2"));
    EXPECT_EQ(ip("::1:ffff:10.77.0.2").unmapped(), ip("::1:ffff:10.77.0.2"));
    EXPECT_EQ(ip("10.77.0.2").unmapped(), ip("10.77.0.2"));
}

}  // namespace
}  // namespace bulkhead::worker
