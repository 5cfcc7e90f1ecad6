// Egress in earnest: a cgroup of its own in a network of its own, with a resolver and a metadata
// service beside it at the addresses where clouds have them.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "common/sandbox/egress.hpp"
#include "common/sandbox/privileges.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/layers.hpp"
#include "tests/support/own_network.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

using testing::HasSubstr;

struct Place {
    sockaddr_storage address{};
    socklen_t size = 0;
};

// "fe80::1%eth0", "127.0.0.1"
Place place_of(const std::string& text, int port) {
    Place place;
    const auto percent = std::min(text.find('%'), text.size());
    sockaddr_in6 six{.sin6_family = AF_INET6, .sin6_port = htons(static_cast<uint16_t>(port))};
    sockaddr_in four{.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port))};
    if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
        std::memcpy(&place.address, &four, sizeof four);
        place.size = sizeof four;
        return place;
    }
    ::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &six.sin6_addr);
    if (percent < text.size()) six.sin6_scope_id = ::if_nametoindex(&text[percent + 1]);
    std::memcpy(&place.address, &six, sizeof six);
    place.size = sizeof six;
    return place;
}

const sockaddr* generic(const Place& place) {
    return reinterpret_cast<const sockaddr*>(&place.address);
}

long attempt(const std::string& how, const Place& to) {
    const bool stream = how == "connect" || how == "bind";
    const int fd = ::socket(to.address.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
    auto place = to;
    if (how == "bind" || how == "bind-udp") return ::bind(fd, generic(to), to.size);
    if (how == "connect") return ::connect(fd, generic(to), to.size);
    if (how == "connect-send") {
        if (::connect(fd, generic(to), to.size) < 0) return -1;
        return ::send(fd, "x", 1, 0);
    }
    // Taken for AF_INET by udp_sendmsg() of the kernel.
    if (how == "send-unspecified") place.address.ss_family = AF_UNSPEC;
    if (how == "send" || how == "send-unspecified") {
        return ::sendto(fd, "x", 1, 0, generic(place), place.size);
    }
    char byte = 'x';
    iovec part{&byte, 1};
    mmsghdr message{};
    message.msg_hdr.msg_name = &place.address;
    message.msg_hdr.msg_namelen = place.size;
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
    if (how == "sendmsg") return ::sendmsg(fd, &message.msg_hdr, 0);
    return ::sendmmsg(fd, &message, 1, 0) == 1 ? 0 : -1;
}

const char* const kHosts[] = {"169.254.169.254", "fe80::1%eth0", "127.0.0.53", "fd00:ec2::254",
                              "10.1.2.3"};

Result<> make_world() {
    TRY(enter_own_network());
    TRY(add_bridge("eth0"));
    const auto eth0 = interface_index("eth0");
    TRY(bring_up(eth0));
    TRY(add_address(eth0, "fe80::1", 64));
    TRY(add_address(eth0, "fd00:ec2::254", 64));
    TRY(add_address(eth0, "169.254.169.254", 16));
    return add_address(eth0, "10.1.2.3", 8);
}

// Each of the hosts has a service at port 53 and one at 80, over TCP and UDP.
std::vector<sys::Fd> serve() {
    std::vector<sys::Fd> sockets;
    for (const std::string host : kHosts) {
        for (const int port : {53, 80}) {
            for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
                const auto at = place_of(host, port);
                sys::Fd fd(::socket(at.address.ss_family, type | SOCK_NONBLOCK, 0));
                if (::bind(fd.get(), generic(at), at.size) != 0) return {};
                if (type == SOCK_STREAM) ::listen(fd.get(), 64);
                sockets.push_back(std::move(fd));
            }
        }
    }
    return sockets;
}

// All that arrived, and `expected` of them are waited for: loopback delivers a moment later.
int datagrams(const std::vector<sys::Fd>& sockets, int expected) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    int got = 0;
    char byte = 0;
    do {
        for (const auto& one : sockets) {
            while (::recv(one.get(), &byte, 1, MSG_DONTWAIT) >= 0) ++got;
        }
    } while (got < expected && std::chrono::steady_clock::now() < deadline);
    return got;
}

struct Row {
    std::string how, to;
    int port;
    std::string answer;  // "done" or an errno's name
};

std::vector<policy::ConnectRow> rows_of(const std::string& lines) {
    std::vector<policy::ConnectRow> rows;
    policy::parse_lines("rows", lines,
                        {{policy::Form::Times::any, "connect any|ADDRESS[/PREFIX] PORT",
                          [&](policy::Line& line) { return policy::take_connect(rows, line); }}})
        .value();
    return rows;
}

class EgressInKernel : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "only root attaches programs to a cgroup";
        if (!cgroup2_is_mounted()) GTEST_SKIP() << "no cgroup2 file system is mounted";
        if (const auto why = kernel_filters_sockets(); !why.empty()) GTEST_SKIP() << why;
    }
    // What went otherwise than its row says; datagrams that are "done" must have arrived, and no
    // others.
    static std::string differences(const std::string& lines,
                                   const std::vector<std::string>& name_servers,
                                   const std::vector<Row>& rows) {
        return forked([&]() -> std::string {
            if (const auto made = make_world(); !made) return "no world: " + made.error().what;
            const auto services = serve();
            if (services.empty()) return "no services";
            const ScratchCgroup cgroup;
            const auto connects = rows_of(lines);
            std::vector<policy::Address> servers;
            for (const auto& one : name_servers) {
                servers.push_back(policy::parse_address(one).value());
            }
            const auto raised = sandbox::raise_egress(cgroup.fd(), {connects, servers});
            if (!raised) return "not raised: " + raised.error().what;
            std::string text;
            for (const auto& row : rows) {
                const auto to = place_of(row.to, row.port);
                const int error = cgroup.in_it([&] { return attempt(row.how, to); });
                const std::string answer = error == 0 ? "done" : ::strerrorname_np(error);
                const bool datagram = row.how.find("send") != row.how.npos;
                const int expected = datagram && row.answer == "done" ? 1 : 0;
                const int arrived = datagrams(services, expected);
                record_layer("cgroup BPF", "worker", row.how + " " + row.to, answer);
                if (answer == row.answer && arrived == expected) continue;
                text += row.how + " " + row.to + " " + std::to_string(row.port) + ": " + answer +
                        ", " + std::to_string(arrived) + " arrived\n";
            }
            return text;
        });
    }
};

const std::vector<std::string> kSending{"connect-send", "send", "sendmsg", "sendmmsg"};

std::vector<Row> every_way(const std::string& to, int port, const std::string& answer) {
    std::vector<Row> rows{{.how = "connect", .to = to, .port = port, .answer = answer}};
    for (const auto& how : kSending) {
        rows.push_back({.how = how, .to = to, .port = port, .answer = answer});
    }
    return rows;
}

void append(std::vector<Row>& rows, const std::vector<Row>& more) {
    rows.insert(rows.end(), more.begin(), more.end());
}

TEST_F(EgressInKernel, TheResolverOfACloudAnswersAndTheMetadataServiceBesideItIsOutOfReach) {
    std::vector<Row> rows;
    for (const auto* host : {"169.254.169.254", "fe80::1%eth0", "127.0.0.53",
                             "::ffff:169.254.169.254", "::ffff:127.0.0.53"}) {
        append(rows, every_way(host, 53, "done"));
        append(rows, every_way(host, 80, "EPERM"));
    }
    append(rows, every_way("fd00:ec2::254", 80, "EPERM"));
    append(rows, every_way("fd00:ec2::254", 53, "EPERM"));
    rows.push_back(
        {.how = "send-unspecified", .to = "169.254.169.254", .port = 53, .answer = "done"});
    rows.push_back(
        {.how = "send-unspecified", .to = "169.254.169.254", .port = 80, .answer = "EPERM"});
    append(rows, every_way("10.1.2.3", 80, "done"));
    append(rows, every_way("::ffff:10.1.2.3", 80, "done"));
    append(rows, every_way("10.1.2.3", 53, "EPERM"));
    EXPECT_EQ(
        differences("connect any 80  # x\n", {"169.254.169.254", "fe80::1", "127.0.0.53"}, rows),
        "");
}

// The kernel takes them for loopback.
TEST_F(EgressInKernel, TheUnspecifiedAddressIsNoWayAround) {
    std::vector<Row> rows;
    for (const auto* host : {"0.0.0.0", "::", "::ffff:0.0.0.0", "127.0.0.1", "::1"}) {
        append(rows, every_way(host, 80, "EPERM"));
    }
    EXPECT_EQ(differences("connect any 80  # x\n", {}, rows), "");
}

TEST_F(EgressInKernel, NothingIsBoundOfEitherFamily) {
    EXPECT_EQ(differences("connect any 80  # x\n", {},
                          {{.how = "bind", .to = "127.0.0.1", .port = 0, .answer = "EPERM"},
                           {.how = "bind", .to = "0.0.0.0", .port = 8125, .answer = "EPERM"},
                           {.how = "bind-udp", .to = "0.0.0.0", .port = 5353, .answer = "EPERM"},
                           {.how = "bind-udp", .to = "10.1.2.3", .port = 0, .answer = "EPERM"},
                           {.how = "bind-udp", .to = "::", .port = 5353, .answer = "EPERM"},
                           {.how = "bind", .to = "fe80::1%eth0", .port = 0, .answer = "EPERM"}}),
              "");
}

TEST_F(EgressInKernel, ARowWithinASpecialNetReachesIt) {
    EXPECT_EQ(
        differences("connect 169.254.169.254 80  # x\n", {},
                    {{.how = "connect", .to = "169.254.169.254", .port = 80, .answer = "done"},
                     {.how = "send", .to = "::ffff:169.254.169.254", .port = 80, .answer = "done"},
                     {.how = "connect", .to = "fe80::1%eth0", .port = 80, .answer = "EPERM"},
                     {.how = "connect", .to = "10.1.2.3", .port = 80, .answer = "EPERM"}}),
        "");
}

TEST_F(EgressInKernel, AsManyRowsAsThereMayBeAreTakenByTheKernel) {
    std::string lines = "connect 10.1.2.3 80  # x\n";
    for (int i = 1; i < 64; ++i) {
        lines += "connect 2001:db8::" + std::to_string(i) + "00/127 " + std::to_string(100 + i) +
                 "  # x\n";
    }
    EXPECT_EQ(differences(lines, {"fe80::1", "fe80::2", "fe80::3", "fe80::4", "fe80::5", "fe80::6"},
                          every_way("10.1.2.3", 80, "done")),
              "");
}

TEST_F(EgressInKernel, NewRulesTakeThePlaceOfTheOldAndBindTheCgroupAlone) {
    const auto said = forked([&]() -> std::string {
        if (const auto made = make_world(); !made) return "no world: " + made.error().what;
        const auto services = serve();
        const ScratchCgroup cgroup;
        const auto to = place_of("10.1.2.3", 80);
        const auto connecting = [&] { return attempt("connect", to); };
        std::string text;
        for (const auto* lines : {"connect any 80  # x\n", "connect any 443  # x\n"}) {
            const auto rows = rows_of(lines);
            const auto raised = sandbox::raise_egress(cgroup.fd(), {rows, {}});
            if (!raised) return raised.error().what;
            const int error = cgroup.in_it(connecting);
            text += std::string(error == 0 ? "done" : ::strerrorname_np(error)) + " ";
        }
        return text + (connecting() == 0 ? "and done outside" : "and nothing outside");
    });
    EXPECT_EQ(said, "done EPERM and done outside");
}

TEST_F(EgressInKernel, ItNeedsNoMoreThanTheBrokerHas) {
    const ScratchCgroup cgroup;  // removed by this process: the child gives up what that takes
    const auto said = forked([&]() -> std::string {
        const auto has = sandbox::capability(CAP_SYS_ADMIN) | sandbox::capability(CAP_SETPCAP) |
                         sandbox::capability(CAP_KILL);
        if (!sandbox::lower_to(has, sandbox::capability(CAP_KILL))) return "not lowered";
        const auto raised = sandbox::raise_egress(cgroup.fd(), {});
        return raised ? "raised" : raised.error().what;
    });
    EXPECT_EQ(said, "raised");
}

TEST_F(EgressInKernel, WhatTheKernelRefusesIsNotTakenForALie) {
    const auto raised = sandbox::raise_egress(-1, {});
    ASSERT_FALSE(raised);
    EXPECT_EQ(raised.error().code, EBADF);
    EXPECT_THAT(raised.error().what, HasSubstr("BPF_PROG_ATTACH"));
}

}  // namespace
}  // namespace bulkhead::test
