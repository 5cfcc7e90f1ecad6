#include "common/sandbox/egress.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/bpf_call.hpp"

namespace bulkhead::sandbox {

namespace {

constexpr std::array kCalls{BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT,
                            BPF_CGROUP_UDP4_SENDMSG,  BPF_CGROUP_UDP6_SENDMSG,
                            BPF_CGROUP_INET4_BIND,    BPF_CGROUP_INET6_BIND};

Result<sys::Fd> load(std::span<const bpf_insn> program, bpf_attach_type call) {
    bpf_attr attribute{};
    attribute.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
    attribute.expected_attach_type = call;
    attribute.insns = sys::bpf_address(program.data());
    attribute.insn_cnt = static_cast<std::uint32_t>(program.size());
    attribute.license = sys::bpf_address("");  // no GPL-only helper is called
    constexpr char kName[BPF_OBJ_NAME_LEN] = "bulkhead_egress";
    std::memcpy(attribute.prog_name, kName, sizeof kName);
    return sys::bpf_open(BPF_PROG_LOAD, attribute, "BPF_PROG_LOAD");
}

// Attaches without flags: the kernel then refuses programs in descendant cgroups, and this one
// replaces a program that was attached here without flags (linux/bpf.h, BPF_PROG_ATTACH).
Result<> attach(int cgroup, const sys::Fd& program, bpf_attach_type call) {
    bpf_attr attribute{};
    attribute.target_fd = static_cast<std::uint32_t>(cgroup);
    attribute.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
    attribute.attach_type = call;
    return sys::bpf_call(BPF_PROG_ATTACH, attribute, "BPF_PROG_ATTACH");
}

// --- read back

enum class Attempt { connect, send, bind };
struct Tried {
    Attempt attempt;
    int type;
    const char* address;
    const char* words;
};
constexpr Tried kTried[] = {
    {Attempt::connect, SOCK_STREAM, "127.0.0.1", "connecting"},
    {Attempt::connect, SOCK_STREAM, "::1", "connecting over IPv6"},
    {Attempt::connect, SOCK_STREAM, "::ffff:127.0.0.1", "connecting over IPv6 to an IPv4 address"},
    {Attempt::connect, SOCK_DGRAM, "127.0.0.1", "connecting a datagram socket"},
    {Attempt::send, SOCK_DGRAM, "127.0.0.1", "sending a datagram"},
    {Attempt::send, SOCK_DGRAM, "::1", "sending a datagram over IPv6"},
    {Attempt::bind, SOCK_DGRAM, "127.0.0.1", "binding"},
    {Attempt::bind, SOCK_DGRAM, "::1", "binding over IPv6"},
};

bool is_refused(const Tried& tried, std::uint16_t port) {
    sockaddr_in6 six{};
    sockaddr_in four{};
    const bool is_six = ::inet_pton(AF_INET6, tried.address, &six.sin6_addr) == 1;
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* to =
        is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
    const socklen_t size = is_six ? sizeof six : sizeof four;
    const sys::Fd fd(::socket(to->sa_family, tried.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // EAFNOSUPPORT: a kernel without IPv6 sends nothing over it. EACCES: a security module denies
    // sockets to root. Then only the worker can try, in verify_egress() of worker/confine.cpp.
    if (!fd) return errno == EAFNOSUPPORT || errno == EACCES;
    const auto done = tried.attempt == Attempt::connect ? ::connect(fd.get(), to, size)
                      : tried.attempt == Attempt::bind  ? ::bind(fd.get(), to, size)
                                                        : ::sendto(fd.get(), "", 0, 0, to, size);
    return done < 0 && errno == EPERM;
}

// A port that no rule names. One exists, because there are more ports than rules.
std::uint16_t refused_port(const EgressRules& rules) {
    std::uint16_t port = policy::kNamePort + 1;
    while (std::ranges::count(rules.rows, port, &policy::ConnectRow::port) > 0) ++port;
    return port;
}

Result<> require_refusals(int cgroup, const EgressRules& rules) {
    const auto port = refused_port(rules);
    auto child = TRY(Child::start(0, cgroup, [port] {
        for (std::size_t i = 0; i < std::size(kTried); ++i) {
            if (!is_refused(kTried[i], port)) ::_exit(static_cast<int>(i) + 1);
        }
        ::_exit(0);
    }));
    const int status = child.reap().status;
    const auto which = WIFEXITED(status) ? static_cast<std::size_t>(WEXITSTATUS(status)) : 127;
    if (which == 0) return {};
    if (which > std::size(kTried)) return fail("a child process died");
    return differs(std::string(kTried[which - 1].words) + " was not refused by it");
}

}  // namespace

bool knows_egress() {
    const Raised raised(capability(CAP_SYS_ADMIN));
    return load(compile_egress({}, kCalls[0]), kCalls[0]).has_value();
}

Result<> raise_egress(int cgroup, const EgressRules& rules) {
    std::array<sys::Fd, kCalls.size()> programs;
    const Raised raised(capability(CAP_SYS_ADMIN));
    for (std::size_t i = 0; i < kCalls.size(); ++i) {
        programs[i] = TRY(load(compile_egress(rules, kCalls[i]), kCalls[i]));
    }
    for (std::size_t i = 0; i < kCalls.size(); ++i) TRY(attach(cgroup, programs[i], kCalls[i]));
    return require_refusals(cgroup, rules);
}

}  // namespace bulkhead::sandbox
