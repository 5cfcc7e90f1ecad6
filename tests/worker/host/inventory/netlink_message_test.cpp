#include "worker/host/inventory/netlink_message.hpp"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include "tests/worker/host/inventory/message_bytes.hpp"

namespace bulkhead::worker {
namespace {

using test::kSequence;
using test::message;

// How many messages were rows, and what the dump said.
struct Seen {
    int rows = 0;
    Result<DumpProgress> progress;
};

Seen seen(ByteView datagram) {
    Seen seen;
    seen.progress = walk_datagram(datagram, kSequence, [&](const nlmsghdr&) -> Result<> {
        ++seen.rows;
        return {};
    });
    return seen;
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

Bytes with_flags(Bytes bytes, std::uint16_t flags) {
    std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_flags), &flags, sizeof flags);
    return bytes;
}

TEST(Datagram, HoldsRowsUntilItSaysThatItIsDone) {
    const auto row = message(RTM_NEWLINK, ifinfomsg{});
    const auto done = message(NLMSG_DONE, std::int32_t{0});
    auto all = seen(joined({row, row}));
    ASSERT_TRUE(all.progress);
    EXPECT_EQ(all.rows, 2);
    EXPECT_FALSE(all.progress->done);
    all = seen(joined({row, done}));
    ASSERT_TRUE(all.progress);
    EXPECT_TRUE(all.progress->done);
    EXPECT_EQ(all.rows, 1);
}

TEST(Datagram, WithoutAnythingSaysNothing) {
    const auto all = seen({});
    ASSERT_TRUE(all.progress);
    EXPECT_FALSE(all.progress->done);
}

TEST(Datagram, ARefusalIsTheKernelsErrno) {
    const auto all = seen(message(NLMSG_ERROR, std::int32_t{-EPERM}));
    ASSERT_FALSE(all.progress);
    EXPECT_EQ(all.progress.error().code, EPERM);
    EXPECT_FALSE(seen(message(NLMSG_DONE, std::int32_t{-EMSGSIZE})).progress);
}

TEST(Datagram, AnInterruptedDumpSaysSo) {
    const auto all =
        seen(with_flags(message(RTM_NEWLINK, ifinfomsg{}), NLM_F_MULTI | NLM_F_DUMP_INTR));
    ASSERT_TRUE(all.progress);
    EXPECT_TRUE(all.progress->interrupted);
}

TEST(Datagram, WhatBelongsToAnEarlierDumpIsPassedOver) {
    auto stale = message(RTM_NEWLINK, ifinfomsg{});
    const std::uint32_t other = kSequence - 1;
    std::memcpy(stale.data() + offsetof(nlmsghdr, nlmsg_seq), &other, sizeof other);
    const auto all = seen(joined({stale, message(RTM_NEWLINK, ifinfomsg{})}));
    ASSERT_TRUE(all.progress);
    EXPECT_EQ(all.rows, 1);
}

TEST(Datagram, CutAnywhereIsAnErrorAndNeverARowTooMany) {
    const auto whole =
        joined({message(RTM_NEWLINK, ifinfomsg{}), message(RTM_NEWADDR, ifaddrmsg{})});
    const auto first = message(RTM_NEWLINK, ifinfomsg{}).size();
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        if (size == first) continue;  // the border between the two
        const auto all = seen(cut);
        EXPECT_FALSE(all.progress) << size;
        EXPECT_EQ(all.rows, size > first ? 1 : 0) << size;
    }
}

TEST(Datagram, AMessageThatClaimsToBeShorterThanItsHeaderIsAnError) {
    auto bytes = message(RTM_NEWLINK, ifinfomsg{});
    for (const std::uint32_t length : {0U, 1U, 15U, 0x7fffffffU, 0xffffffffU}) {
        std::memcpy(bytes.data(), &length, sizeof length);
        EXPECT_FALSE(seen(bytes).progress) << length;
    }
}

TEST(AttributesOfAMessage, AreFoundByTypeAndAbsentWhereTheirSizeIsWrong) {
    const auto bytes = message(RTM_NEWLINK, ifinfomsg{}, [](nlmsghdr* head) {
        mnl_attr_put_u32(head, IFLA_MTU, 1500);
        mnl_attr_put_u8(head, IFLA_OPERSTATE, 6);
        mnl_attr_put_u8(head, IFLA_MASTER, 1);
        mnl_attr_put(head, IFLA_ADDRESS, 20, "01234567890123456789");
        test::put_text(head, IFLA_IFNAME, "eth0");
    });
    const Attributes attributes(ByteView(bytes).subspan(sizeof(nlmsghdr)), sizeof(ifinfomsg));
    EXPECT_EQ(attributes.u32(IFLA_MTU), 1500U);
    EXPECT_EQ(attributes.u8(IFLA_OPERSTATE), 6);
    EXPECT_EQ(attributes.u32(IFLA_MASTER), std::nullopt);
    EXPECT_EQ(attributes.u32(IFLA_TXQLEN), std::nullopt);
    EXPECT_EQ(attributes.mac(IFLA_ADDRESS), "");
    EXPECT_EQ(attributes.text(IFLA_IFNAME), "eth0");
    EXPECT_TRUE(attributes.bytes(60'000).empty());
}

TEST(AttributesOfAMessage, TextWithoutAnEndOrWithOddBytesStaysText) {
    const auto bytes = message(RTM_NEWLINK, ifinfomsg{}, [](nlmsghdr* head) {
        mnl_attr_put(head, IFLA_IFNAME, 3, "abc");
        mnl_attr_put(head, IFLA_QDISC, 2, "\xff\xfe");
    });
    const Attributes attributes(ByteView(bytes).subspan(sizeof(nlmsghdr)), sizeof(ifinfomsg));
    EXPECT_EQ(attributes.text(IFLA_IFNAME), "abc");
    EXPECT_EQ(attributes.text(IFLA_QDISC), "\\xff\\xfe");
}

TEST(AttributesOfAMessage, ThatLieAboutTheirLengthEndTheList) {
    auto bytes = message(RTM_NEWLINK, ifinfomsg{}, [](nlmsghdr* head) {
        mnl_attr_put_u32(head, IFLA_MTU, 1500);
        mnl_attr_put_u32(head, IFLA_MASTER, 3);
    });
    for (const std::uint16_t length : {0, 3, 200, 65'535}) {
        std::memcpy(bytes.data() + sizeof(nlmsghdr) + sizeof(ifinfomsg) + 8, &length,
                    sizeof length);
        const Attributes attributes(ByteView(bytes).subspan(sizeof(nlmsghdr)), sizeof(ifinfomsg));
        EXPECT_EQ(attributes.u32(IFLA_MTU), 1500U) << length;
        EXPECT_EQ(attributes.u32(IFLA_MASTER), std::nullopt) << length;
    }
}

}  // namespace
}  // namespace bulkhead::worker
