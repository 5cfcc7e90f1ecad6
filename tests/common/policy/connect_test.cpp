// Rows "connect NET PORT": what they may say, and what lies beyond the reach of wide ones.
#include "common/policy/connect.hpp"

#include <gmock/gmock.h>

#include "common/policy/parse.hpp"

namespace bulkhead::policy {
namespace {

using testing::ElementsAre;

Result<std::vector<ConnectRow>> parsed(const std::string& lines) {
    std::vector<ConnectRow> rows;
    TRY(parse_lines("rows", lines,
                    {{Form::Times::any, "connect any|ADDRESS[/PREFIX] PORT",
                      [&](Line& line) { return take_connect(rows, line); }},
                     {Form::Times::any, "tcp-connect PORT",
                      [&](Line& line) { return take_port(rows, line); }}}));
    return rows;
}

std::string refusal(const std::string& line) {
    const auto rows = parsed(line + "  # x\n");
    return rows ? "taken" : rows.error().what;
}

ConnectRow row(const std::string& words) {
    return parsed("connect " + words + "  # x\n").value().at(0);
}

TEST(Connect, TakesAddressesAndNetworksOfBothFamilies) {
    for (const std::string words :
         {"any 443", "10.0.0.0/8 443", "192.0.2.7 8443", "0.0.0.0/0 80", "2001:db8::/32 443",
          "fe80::1 80", "127.0.0.1 65535", "2000::/3 443"}) {
        EXPECT_EQ(in_words(row(words)), words);
    }
    EXPECT_EQ(row("10.0.0.0/8 443").prefix, 104U);
    EXPECT_EQ(in_words(row("192.0.2.7/32 1")), "192.0.2.7 1");
}

TEST(Connect, SaysWithTheColumnWhatIsWrong) {
    const std::string usage = "; write: connect any|ADDRESS[/PREFIX] PORT  # why";
    const struct {
        std::string line, said;
    } kRows[] = {
        {"connect 10.0.0.1/8 443", "rows:1:9: bits are set behind the prefix; write: 10.0.0.0/8"},
        {"connect 10.0.0.0/33 443", "rows:1:9: expected a prefix from 0 to 32"},
        {"connect 10.0.0.0/ 443", "rows:1:9: expected a prefix from 0 to 32"},
        {"connect fd00::/129 443", "rows:1:9: expected a prefix from 0 to 128"},
        {"connect backend.example 443",
         "rows:1:9: expected any, an address or a network, as 192.0.2.7, 10.0.0.0/8 or "
         "2001:db8::/32; names are not looked up"},
        {"connect fe80::1%eth0 53", "rows:1:9: an address without %; interfaces are not looked at"},
        {"connect ::/0 443", "rows:1:9: holds IPv4 addresses too; write those as IPv4, or: any"},
        {"connect ::ffff:10.0.0.1 443",
         "rows:1:9: holds IPv4 addresses too; write those as IPv4, or: any"},
        {"connect 10.1 443",
         "rows:1:9: expected any, an address or a network, as 192.0.2.7, 10.0.0.0/8 or "
         "2001:db8::/32; names are not looked up"},
        {"connect any 0", "rows:1:13: expected a whole number from 1 to 65535"},
        {"connect any", "rows:1:12: expected a whole number from 1 to 65535"},
        {"connect any 443 tcp", "rows:1:17: unexpected \"tcp\""},
    };
    for (const auto& one : kRows) EXPECT_EQ(refusal(one.line), one.said + usage) << one.line;
}

TEST(Connect, APortOfTheOldFormIsThatPortOfAnyAddress) {
    const auto rows = parsed("tcp-connect 443  # old\nconnect 10.0.0.7 5000  # new\n").value();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(in_words(rows[0]), "any 443");
    EXPECT_EQ(rows[1].source.reason, "new");
    EXPECT_THAT(ports_of(rows), ElementsAre(443, 5000));
}

TEST(Connect, TheSixtyFifthRowIsOneTooMany) {
    std::string lines;
    for (int i = 0; i < 64; ++i) lines += "connect any 443  # x\n";
    EXPECT_TRUE(parsed(lines));
    EXPECT_THAT(refusal(lines + "connect any 443"), testing::HasSubstr("65:13: one port too many"));
}

TEST(Special, NetsAreNamedByRowsWithinThemAlone) {
    const auto nets = special_nets();
    const auto what = [&](const std::string& words) {
        const auto* net = special_of(row(words), nets);
        return net == nullptr ? "" : std::string(net->what);
    };
    EXPECT_EQ(what("127.0.0.1 80"), "loopback");
    EXPECT_EQ(what("127.0.0.0/8 80"), "loopback");
    EXPECT_EQ(what("126.0.0.0/7 80"), "") << "wider";
    EXPECT_EQ(what("any 80"), "");
    EXPECT_EQ(what("0.0.0.0/0 80"), "");
    EXPECT_THAT(what("::1 80"), testing::StartsWith("loopback"));
    EXPECT_THAT(what("fd00:ec2::254 80"), testing::StartsWith("AWS"));
    EXPECT_THAT(what("168.63.129.16 53"), testing::StartsWith("Azure"));
    EXPECT_EQ(what("168.63.129.17 53"), "");
    EXPECT_THAT(what("64:ff9b::a9fe:a9fe 80"), testing::StartsWith("link-local"));
    EXPECT_THAT(what("2002:7f00:1::/48 80"), testing::StartsWith("loopback"));
}

TEST(Waiver, IsOfEgressAlone) {
    Policy policy;
    EXPECT_TRUE(parse_file(policy, "host.policy",
                           "host-id from-machine-id  # x\nwithout egress  # no BPF here\n"));
    ASSERT_EQ(policy.waivers.size(), 1U);
    EXPECT_EQ(policy.waivers[0].wall, "egress");
    EXPECT_FALSE(
        parse_file(policy, "host.policy", "host-id from-machine-id  # x\nwithout landlock  # y\n"));
}

using Walls = std::vector<std::string>;

Policy policy_of(const std::string& host) {
    Policy policy;
    EXPECT_TRUE(parse_file(policy, "host.policy", "host-id from-machine-id  # x\n" + host));
    return policy;
}

TEST(SomeEgress, IsGivenByAddressesOrByPorts) {
    const auto policy = policy_of("");
    EXPECT_TRUE(require_some_egress(policy, Walls({})));
    EXPECT_TRUE(require_some_egress(policy, Walls({"egress", "mdwe"})));
    EXPECT_TRUE(require_some_egress(policy, Walls({"landlock", "landlock-net"})));
}

TEST(SomeEgress, IsRequiredUnlessPolicyPutsUpWithoutIt) {
    const auto none = require_some_egress(policy_of(""), Walls({"landlock-net", "egress"}));
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().what,
                testing::HasSubstr("write into host.policy: without egress  # why"));
    EXPECT_TRUE(require_some_egress(policy_of("without egress  # a kernel without BPF\n"),
                                    Walls({"landlock-net", "egress"})));
}

}  // namespace
}  // namespace bulkhead::policy
