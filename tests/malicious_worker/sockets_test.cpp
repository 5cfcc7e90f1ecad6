// Every family, type and protocol of a socket under the lists of the shipped job profiles that are
// not root's. For one that it lacks the kernel loads a module, whoever asks; so each list names
// what it lets through, and here stands what that is.
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>

#include "common/policy/load.hpp"
#include "common/sandbox/seccomp.hpp"
#include "tests/malicious_worker/sweep.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/layers.hpp"
#include "tests/support/ok.hpp"
#include "worker/confine.hpp"

namespace bulkhead::test {
namespace {

constexpr int kFamilies = 48;
constexpr int kTypes = 16;
constexpr int kProtocols = 264;  // one more than IPPROTO_MPTCP and its neighbour

struct Promise {
    std::string list;
    std::set<int> families;  // besides AF_INET and AF_INET6
    std::set<int> netlink;
    bool echo = false;            // ICMP echo without raw sockets, for ping
    bool datagram_pairs = false;  // each end could write to any daemon
};
const Promise kPromises[] = {
    {"inspect", {AF_NETLINK}, {NETLINK_ROUTE, NETLINK_KOBJECT_UEVENT}},
    {"diagnose",
     {AF_NETLINK, AF_UNIX},
     {NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_KOBJECT_UEVENT},
     true,
     true},
    {"maintain", {AF_NETLINK}, {NETLINK_ROUTE}},
};

// What socket(2) of AF_INET and AF_INET6 is answered; 0 is allowed.
int internet(const Promise& promise, int family, int type, int protocol) {
    const int echo = family == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
    switch (type) {
        case SOCK_STREAM:
            return protocol == 0 || protocol == IPPROTO_TCP ? 0 : EPROTONOSUPPORT;
        case SOCK_DGRAM:
            if (promise.echo && protocol == echo) return 0;
            return protocol == 0 || protocol == IPPROTO_UDP ? 0 : EPROTONOSUPPORT;
        case SOCK_RAW:
            return EPERM;
        default:
            return ESOCKTNOSUPPORT;
    }
}

int expected_socket(const Promise& promise, int family, int type, int protocol) {
    if (family == AF_INET || family == AF_INET6) return internet(promise, family, type, protocol);
    if (!promise.families.contains(family)) return EAFNOSUPPORT;
    if (family != AF_NETLINK) return 0;
    return promise.netlink.contains(protocol) ? 0 : EPROTONOSUPPORT;
}

int expected_pair(const Promise& promise, int family, int type) {
    if (family != AF_UNIX) return EAFNOSUPPORT;
    return promise.datagram_pairs || (type & 2) == 0 ? 0 : EPERM;
}

sandbox::Filter filter_of(const std::string& list) {
    const auto policy = policy::load(BULKHEAD_POLICY, policy::Trust::caller).value();
    return sandbox::compile(policy.seccomp.at(list)).value();
}

Result<> confine(const sandbox::Filter& filter) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys::fail_errno("prctl");
    return sandbox::install(filter);
}

struct Asked {
    std::uint32_t call = 0;
    int family = 0, type = 0, protocol = 0;
    std::uint64_t flags = 0;
};

std::vector<Asked> everything() {
    std::vector<Asked> all;
    for (const auto call : {SYS_socket, SYS_socketpair}) {
        for (const std::uint64_t flags : {0, SOCK_CLOEXEC | SOCK_NONBLOCK}) {
            for (int family = 0; family < kFamilies; ++family) {
                for (int type = 0; type < kTypes; ++type) {
                    for (int protocol = 0; protocol < kProtocols; ++protocol) {
                        all.push_back(
                            {static_cast<std::uint32_t>(call), family, type, protocol, flags});
                    }
                }
            }
        }
    }
    return all;
}

TEST(Sockets, AreLetThroughByFamilyTypeAndProtocolAsPromised) {
    const auto asked = everything();
    std::vector<Probe> probes;
    for (const auto& one : asked) {
        probes.push_back({.number = one.call,
                          .arguments = {static_cast<std::uint64_t>(one.family),
                                        static_cast<std::uint64_t>(one.type) | one.flags,
                                        static_cast<std::uint64_t>(one.protocol)}});
    }
    for (const auto& promise : kPromises) {
        const auto filter = filter_of(promise.list);
        const auto outcomes = sweep(probes, [&] { return confine(filter); });
        ASSERT_OK(outcomes);
        std::size_t allowed = 0;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            const auto& one = asked[i];
            const int expected = one.call == SYS_socket
                                     ? expected_socket(promise, one.family, one.type, one.protocol)
                                     : expected_pair(promise, one.family, one.type);
            allowed += (*outcomes)[i] == 0 ? 1 : 0;
            ASSERT_EQ(in_words((*outcomes)[i]), in_words(static_cast<Outcome>(expected)))
                << promise.list << (one.call == SYS_socket ? ": socket " : ": socketpair ")
                << one.family << ", " << one.type << ", " << one.protocol;
        }
        record_layer("seccomp", promise.list, "sockets by family, type and protocol",
                     std::to_string(allowed) + " allowed of " + std::to_string(asked.size()));
    }
}

std::set<std::string> modules() {
    std::set<std::string> names;
    std::ifstream lines("/proc/modules");
    for (std::string name, rest; lines >> name; std::getline(lines, rest)) names.insert(name);
    return names;
}

// Makes them all for real, and asks one of them all that is asked of interfaces.
std::string ask_for_all(const sandbox::Filter& filter) {
    if (const auto done = confine(filter); !done) return done.error().what;
    int pair[2] = {-1, -1};
    for (int family = 0; family < kFamilies; ++family) {
        for (int type = 0; type < kTypes; ++type) {
            for (int protocol = 0; protocol < kProtocols; ++protocol) {
                const sys::Fd socket(::socket(family, type, protocol));
                if (::socketpair(family, type, protocol, pair) != 0) continue;
                const sys::Fd one(pair[0]);
                const sys::Fd other(pair[1]);
            }
        }
    }
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return "no pair";
    for (const sys::Fd& end : {sys::Fd(pair[0]), sys::Fd(pair[1])}) {
        for (unsigned long request = 0x8900; request < 0x8a00; ++request) {
            char space[256] = {};
            static_cast<void>(::ioctl(end.get(), request, space));
        }
    }
    return "";
}

// This process is in no control group of a worker's.
TEST(Sockets, ThatNothingHoldsToAddressesAreNoticedByTheWorkerItself) {
    const auto held = worker::verify_egress({});
    ASSERT_FALSE(held);
    EXPECT_NE(held.error().what.find("connecting to an address of no row was possible"),
              std::string::npos)
        << held.error().what;
}

TEST(Sockets, LoadNoModule) {
    if (modules().empty()) GTEST_SKIP() << "this kernel shows no modules";
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become nobody";
    for (const auto& promise : kPromises) {
        const auto filter = filter_of(promise.list);
        const auto before = modules();
        EXPECT_EQ(forked([&]() -> std::string {
                      // Root may load modules by more requests than others.
                      if (::setresuid(65534, 65534, 65534) != 0) return "setresuid";
                      return ask_for_all(filter);
                  }),
                  "");
        for (const auto& name : modules()) {
            EXPECT_TRUE(before.contains(name)) << promise.list << " made the kernel load " << name;
        }
    }
}

}  // namespace
}  // namespace bulkhead::test
