// Where a cgroup's processes may connect to: the programs, run here by an interpreter of the few
// instructions that they are made of. What the kernel makes of them is for egress_kernel_test.cpp.
#include "common/sandbox/egress.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>

#include <cstring>

namespace bulkhead::sandbox {
namespace {

constexpr std::size_t kMostInstructions = 4096;  // of the oldest kernels (BPF_MAXINSNS)

// What the program returns, or -1 if it is none.
int run(const std::vector<bpf_insn>& code, const bpf_sock_addr& argument) {
    std::uint64_t registers[11] = {};
    const auto* bytes = reinterpret_cast<const char*>(&argument);
    for (std::size_t at = 0; at < code.size(); ++at) {
        const auto& one = code[at];
        auto& to = registers[one.dst_reg];
        const auto value = static_cast<std::uint32_t>(one.imm);
        switch (one.code) {
            case BPF_LDX | BPF_MEM | BPF_W: {
                if (one.src_reg != BPF_REG_1 || one.off < 0) return -1;
                std::uint32_t word = 0;
                std::memcpy(&word, bytes + one.off, sizeof word);
                to = word;
                break;
            }
            case BPF_ALU | BPF_MOV | BPF_K:
                to = value;
                break;
            case BPF_ALU | BPF_MOV | BPF_X:
                to = static_cast<std::uint32_t>(registers[one.src_reg]);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                to = static_cast<std::uint32_t>(to) & value;
                break;
            case BPF_JMP32 | BPF_JNE | BPF_K:
                if (one.off < 0) return -1;
                if (static_cast<std::uint32_t>(to) != value)
                    at += static_cast<std::size_t>(one.off);
                break;
            case BPF_JMP | BPF_EXIT:
                return static_cast<int>(registers[0]);
            default:
                return -1;
        }
    }
    return -1;
}

class Egress : public testing::Test {
  protected:
    // "connect" lines
    void allow(const std::string& lines) {
        policy::parse_lines(
            "rows", lines,
            {{policy::Form::Times::any, "connect any|ADDRESS[/PREFIX] PORT",
              [&](policy::Line& line) { return policy::take_connect(rows_, line); }}})
            .value();
    }
    void serve(const std::vector<std::string>& servers) {
        for (const auto& one : servers) servers_.push_back(policy::parse_address(one).value());
    }
    std::vector<bpf_insn> program(bpf_attach_type call) const {
        return compile_egress({rows_, servers_}, call);
    }
    // An IPv4 address also in an IPv6 socket, which must make no difference; connecting and sending
    // are the same.
    bool reaches(const std::string& address, int port) const {
        bpf_sock_addr argument{};
        argument.user_port = htons(static_cast<std::uint16_t>(port));
        const auto to = policy::parse_address(address).value();
        std::memcpy(argument.user_ip6, to.data(), to.size());
        const int six = run(program(BPF_CGROUP_INET6_CONNECT), argument);
        EXPECT_EQ(run(program(BPF_CGROUP_UDP6_SENDMSG), argument), six);
        if (::inet_pton(AF_INET, address.c_str(), &argument.user_ip4) == 1) {
            std::memset(argument.user_ip6, 0x5a, sizeof argument.user_ip6);
            EXPECT_EQ(run(program(BPF_CGROUP_INET4_CONNECT), argument), six) << address;
            EXPECT_EQ(run(program(BPF_CGROUP_UDP4_SENDMSG), argument), six) << address;
        }
        EXPECT_TRUE(six == 0 || six == 1) << address;
        return six == 1;
    }

    std::vector<policy::ConnectRow> rows_;
    std::vector<policy::Address> servers_;
};

TEST_F(Egress, WithoutRowsNothingIsReached) {
    EXPECT_FALSE(reaches("192.0.2.1", 443));
    EXPECT_FALSE(reaches("2001:db8::1", 443));
    EXPECT_FALSE(reaches("127.0.0.1", 53));
}

TEST_F(Egress, ARowReachesItsNetAtItsPort) {
    allow(
        "connect 10.64.0.0/10 5000  # x\nconnect 2001:db8:8000::/33 443  # x\n"
        "connect 192.0.2.7 80  # x\n");
    EXPECT_TRUE(reaches("10.64.0.1", 5000));
    EXPECT_TRUE(reaches("10.127.255.255", 5000));
    EXPECT_FALSE(reaches("10.128.0.0", 5000));
    EXPECT_FALSE(reaches("10.63.255.255", 5000));
    EXPECT_FALSE(reaches("10.64.0.1", 5001));
    EXPECT_TRUE(reaches("192.0.2.7", 80));
    EXPECT_FALSE(reaches("192.0.2.6", 80));
    EXPECT_FALSE(reaches("192.0.2.7", 20480)) << "80 with its bytes swapped";
    EXPECT_TRUE(reaches("2001:db8:ffff::", 443));
    EXPECT_FALSE(reaches("2001:db8:7fff::", 443));
    EXPECT_FALSE(reaches("64:ff9b::c000:207", 80)) << "that is another address";
}

TEST_F(Egress, AnyReachesAllButWhatIsSpecial) {
    allow(
        "connect any 80  # x\nconnect 0.0.0.0/0 81  # x\nconnect 128.0.0.0/1 80  # x\n"
        "connect fc00::/7 80  # x\n");
    for (const auto* far :
         {"192.0.2.1", "10.0.0.1", "8.8.8.8", "2001:db8::1", "fd00::1", "100.100.100.199",
          "64:ff9b::808:808", "126.255.255.255", "128.0.0.0"}) {
        EXPECT_TRUE(reaches(far, 80)) << far;
        EXPECT_FALSE(reaches(far, 443)) << far;
    }
    for (const auto* near : {"127.0.0.1",
                             "127.255.0.1",
                             "0.0.0.0",
                             "0.1.2.3",
                             "::",
                             "::1",
                             "::127.0.0.1",
                             "169.254.169.254",
                             "169.254.170.2",
                             "169.254.169.253",
                             "fe80::1",
                             "febf::1",
                             "fe80::a9fe:a9fe",
                             "fd00:ec2::254",
                             "fd20:ce::254",
                             "fd00:c1::a9fe:a9fe",
                             "fd00:42::42",
                             "fd00:a9fe:a9fe::1",
                             "168.63.129.16",
                             "100.100.100.200",
                             "192.0.0.192",
                             "224.0.0.251",
                             "239.255.255.255",
                             "255.255.255.255",
                             "ff02::fb",
                             "64:ff9b::7f00:1",
                             "64:ff9b::a9fe:a9fe",
                             "64:ff9b::6464:64c8",
                             "2002:7f00:1::",
                             "2002:a9fe:a9fe::1",
                             "2002:a83f:8110::1"}) {
        EXPECT_FALSE(reaches(near, 80)) << near;
        EXPECT_FALSE(reaches(near, 81)) << near;
    }
    EXPECT_TRUE(reaches("192.0.2.1", 81));
    EXPECT_FALSE(reaches("2001:db8::1", 81)) << "0.0.0.0/0 is IPv4";
}

TEST_F(Egress, WhatIsSpecialIsReachedByARowWithinIt) {
    allow(
        "connect 127.0.0.1 3128  # x\nconnect 169.254.0.0/16 80  # x\nconnect ::1 3128  # x\n"
        "connect any 3128  # x\n");
    EXPECT_TRUE(reaches("127.0.0.1", 3128));
    EXPECT_TRUE(reaches("::1", 3128));
    EXPECT_FALSE(reaches("127.0.0.2", 3128));
    EXPECT_FALSE(reaches("0.0.0.0", 3128)) << "the kernel means loopback by it; no row names it";
    EXPECT_FALSE(reaches("127.0.0.1", 80));
    EXPECT_TRUE(reaches("169.254.169.254", 80));
    EXPECT_FALSE(reaches("64:ff9b::a9fe:a9fe", 80));
}

TEST_F(Egress, NameServersAreReachedAtTheirPortWhereverTheyAre) {
    allow("connect any 443  # x\n");
    serve({"169.254.169.254", "fe80::1", "127.0.0.53"});
    EXPECT_TRUE(reaches("169.254.169.254", 53));
    EXPECT_TRUE(reaches("fe80::1", 53));
    EXPECT_TRUE(reaches("127.0.0.53", 53));
    EXPECT_FALSE(reaches("169.254.169.254", 80));
    EXPECT_FALSE(reaches("169.254.169.254", 443));
    EXPECT_FALSE(reaches("169.254.169.253", 53));
    EXPECT_FALSE(reaches("8.8.8.8", 53));
}

TEST_F(Egress, NothingIsBound) {
    allow("connect any 443  # x\n");
    for (const auto call : {BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND}) {
        EXPECT_EQ(run(program(call), {}), 0);
    }
}

// 64 of the longest rows: a comparison of four words, the last in part.
TEST_F(Egress, AsManyRowsAsThereMayBeAreShortEnoughForAnyKernel) {
    std::string lines;
    for (int i = 1; i <= 64; ++i) {
        lines +=
            "connect 2001:db8::" + std::to_string(i) + "00/127 " + std::to_string(i) + "  # x\n";
    }
    allow(lines);
    serve({"fe80::1", "fe80::2", "fe80::3", "fe80::4", "fe80::5", "fe80::6"});
    const auto code = program(BPF_CGROUP_INET6_CONNECT);
    EXPECT_LT(code.size(), kMostInstructions / 2);
    for (const auto& one : code) EXPECT_LT(one.off, 16 + static_cast<int>(sizeof(bpf_sock_addr)));
    EXPECT_TRUE(reaches("2001:db8::6401", 64));
    EXPECT_FALSE(reaches("2001:db8::6402", 64));
    EXPECT_TRUE(reaches("fe80::6", 53));
}

}  // namespace
}  // namespace bulkhead::sandbox
