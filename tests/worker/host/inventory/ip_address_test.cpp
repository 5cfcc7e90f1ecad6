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

}  // namespace
}  // namespace bulkhead::worker
