#include "worker/host/metrics/network.hpp"

#include <gtest/gtest.h>

#include "common/base/text.hpp"
#include "tests/support/ok.hpp"

namespace bulkhead::worker {
namespace {

constexpr std::string_view kHeading =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
    "drop fifo colls carrier compressed\n";

Result<std::vector<Interface>> parse(const std::string& lines) {
    return parse_interfaces(std::string(kHeading) + lines);
}

TEST(Interfaces, AreReadWithTheirCounters) {
    const auto read = parse(
        "    lo: 10 11 12 13 14 15 16 17 20 21 22 23 24 25 26 27\n"
        "  eth0:1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n");
    ASSERT_OK(read);
    ASSERT_EQ(read->size(), 2U);
    const auto& lo = read->front();
    EXPECT_EQ(lo.name, "lo");
    EXPECT_EQ(lo.rx_bytes, 10U);
    EXPECT_EQ(lo.rx_packets, 11U);
    EXPECT_EQ(lo.rx_errors, 12U);
    EXPECT_EQ(lo.tx_bytes, 20U);
    EXPECT_EQ(lo.tx_packets, 21U);
    EXPECT_EQ(lo.tx_errors, 22U);
    EXPECT_EQ(read->back().name, "eth0");
    EXPECT_EQ(read->back().tx_bytes, 2U);
}

TEST(Interfaces, MayBeNone) { EXPECT_TRUE(parse("").value().empty()); }

TEST(Interfaces, MayHaveCountersJustBeforeTheyWrap) {
    const auto read = parse("a: 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    ASSERT_OK(read);
    EXPECT_EQ(read->front().rx_bytes, UINT64_MAX);
}

TEST(Interfaces, MayBeCalledNearlyAnything) {
    const std::string zeros = " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    const auto read = parse("eth0:1:" + zeros + "br-\"x\\y:" + zeros + "\xc3\xa9th:" + zeros +
                            "\xff\x01:" + zeros + "a|b:" + zeros);
    ASSERT_OK(read);
    std::vector<std::string> names;
    for (const auto& interface : *read) {
        names.push_back(interface.name);
        EXPECT_TRUE(is_utf8(interface.name));
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{"eth0:1", "br-\"x\\y", "\xc3\xa9th", "\\xff\\x01", "a|b"}));
}

TEST(Interfaces, MalformedLinesAreAnErrorThatNamesTheInterface) {
    EXPECT_EQ(parse("eth0: 1 2 3\n").error().what, "eth0: expected 16 columns");
    EXPECT_EQ(parse("eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -1\n").error().what, "eth0: not a number");
    EXPECT_EQ(parse("eth0: 18446744073709551616 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n").error().what,
              "eth0: number out of range");
    EXPECT_EQ(parse("eth0 0 0 0\n").error().what, "a line without colon");
    EXPECT_EQ(parse(" : 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n").error().what,
              "an interface without name");
    EXPECT_EQ(parse("eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0").error().what,
              "the last line has no end");
}

TEST(Interfaces, WithoutTheHeadingAreAnError) {
    EXPECT_FALSE(parse_interfaces(""));
    EXPECT_FALSE(parse_interfaces("one | heading\n"));
    EXPECT_FALSE(parse_interfaces("lo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
}

TEST(Interfaces, AreSummedWithoutLeavingTheNumbers) {
    const auto all = traffic_of({{.name = "a", .rx_bytes = 3, .tx_bytes = UINT64_MAX},
                                 {.name = "b", .rx_bytes = 4, .tx_bytes = 2}});
    EXPECT_EQ(all.rx_bytes, 7U);
    EXPECT_EQ(all.tx_bytes, UINT64_MAX);
}

}  // namespace
}  // namespace bulkhead::worker
