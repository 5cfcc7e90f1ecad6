#include "tests/malicious_worker/probes.hpp"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/memfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>

#include <cstdlib>
#include <memory>
#include <tuple>

#include "common/sandbox/seccomp.hpp"

namespace bulkhead::test {

namespace {

// Of libseccomp, and of the calls that are younger than it.
std::string name_of(std::uint32_t number) {
    const std::unique_ptr<char, void (*)(void*)> known(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(number)), std::free);
    if (known) return known.get();
    for (const char* young :
         {"map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount", "listmount",
          "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat",
          "getxattrat", "listxattrat", "removexattrat", "open_tree_attr", "file_getattr",
          "file_setattr"}) {
        if (sandbox::syscall_number(young) == static_cast<int>(number)) return young;
    }
    return "";
}

// uretprobe and uprobe: from Linux 6.11 and 6.18 on the kernel answers them before it asks a
// filter, with SIGILL unless they come from a probe of its own making.
bool before_any_filter(std::uint32_t number) { return number == 335 || number == 336; }

struct Constant {
    std::string_view call;
    std::uint64_t value;
    std::string_view name;
};

// clang-format off
#define NAMED(call, name) {call, static_cast<std::uint64_t>(name), #name}
constexpr Constant kConstants[] = {
    NAMED("family", AF_UNSPEC), NAMED("family", AF_UNIX), NAMED("family", AF_INET),
    NAMED("family", AF_INET6), NAMED("family", AF_NETLINK), NAMED("family", AF_PACKET),
    NAMED("family", AF_ALG), NAMED("family", AF_VSOCK), NAMED("family", AF_XDP),
    NAMED("family", AF_BLUETOOTH), NAMED("family", AF_CAN), NAMED("family", AF_KEY),
    NAMED("family", AF_RDS), NAMED("family", AF_TIPC),
    NAMED("type", SOCK_STREAM), NAMED("type", SOCK_DGRAM), NAMED("type", SOCK_RAW),
    NAMED("type", SOCK_RDM), NAMED("type", SOCK_SEQPACKET), NAMED("type", SOCK_DCCP),
    NAMED("type", SOCK_PACKET),
    NAMED("protocol", IPPROTO_ICMP), NAMED("protocol", IPPROTO_TCP), NAMED("protocol", IPPROTO_UDP),
    NAMED("protocol", IPPROTO_ICMPV6), NAMED("protocol", IPPROTO_SCTP),
    NAMED("protocol", IPPROTO_UDPLITE), NAMED("protocol", IPPROTO_RAW),
    NAMED("protocol", IPPROTO_MPTCP),
    NAMED("send", MSG_OOB), NAMED("send", MSG_DONTWAIT), NAMED("send", MSG_NOSIGNAL),
    NAMED("send", MSG_ZEROCOPY), NAMED("send", MSG_FASTOPEN),
    NAMED("clone", CLONE_VM), NAMED("clone", CLONE_FS), NAMED("clone", CLONE_FILES),
    NAMED("clone", CLONE_SIGHAND), NAMED("clone", CLONE_PIDFD), NAMED("clone", CLONE_PTRACE),
    NAMED("clone", CLONE_VFORK), NAMED("clone", CLONE_PARENT), NAMED("clone", CLONE_THREAD),
    NAMED("clone", CLONE_NEWNS), NAMED("clone", CLONE_NEWCGROUP), NAMED("clone", CLONE_NEWUTS),
    NAMED("clone", CLONE_NEWIPC), NAMED("clone", CLONE_NEWUSER), NAMED("clone", CLONE_NEWPID),
    NAMED("clone", CLONE_NEWNET), NAMED("clone", CLONE_IO), NAMED("clone", CLONE_UNTRACED),
    NAMED("prot", PROT_READ), NAMED("prot", PROT_WRITE), NAMED("prot", PROT_EXEC),
    NAMED("mode", S_ISUID), NAMED("mode", S_ISGID), NAMED("mode", S_ISVTX),
    NAMED("madvise", MADV_DONTNEED), NAMED("madvise", MADV_FREE), NAMED("madvise", MADV_HUGEPAGE),
    NAMED("madvise", MADV_MERGEABLE), NAMED("madvise", MADV_HWPOISON),
    NAMED("fcntl", F_DUPFD), NAMED("fcntl", F_GETFD), NAMED("fcntl", F_SETFD),
    NAMED("fcntl", F_GETFL), NAMED("fcntl", F_SETFL), NAMED("fcntl", F_GETLK),
    NAMED("fcntl", F_SETLK), NAMED("fcntl", F_SETLKW), NAMED("fcntl", F_SETOWN),
    NAMED("fcntl", F_GETOWN), NAMED("fcntl", F_SETSIG), NAMED("fcntl", F_SETOWN_EX),
    NAMED("fcntl", F_SETLEASE), NAMED("fcntl", F_NOTIFY), NAMED("fcntl", F_DUPFD_CLOEXEC),
    NAMED("fcntl", F_SETPIPE_SZ), NAMED("fcntl", F_GETPIPE_SZ), NAMED("fcntl", F_ADD_SEALS),
    NAMED("fcntl", F_GET_SEALS), NAMED("fcntl", F_SET_RW_HINT), NAMED("fcntl", F_SET_FILE_RW_HINT),
    NAMED("ioctl", TCGETS), NAMED("ioctl", TIOCSTI), NAMED("ioctl", TIOCLINUX),
    NAMED("ioctl", FIONREAD), NAMED("ioctl", FIONBIO), NAMED("ioctl", FIOASYNC),
    NAMED("ioctl", TIOCSCTTY), NAMED("ioctl", SIOCGIFCONF), NAMED("ioctl", SIOCSIFFLAGS),
    NAMED("prctl", PR_SET_PDEATHSIG), NAMED("prctl", PR_SET_DUMPABLE),
    NAMED("prctl", PR_GET_DUMPABLE), NAMED("prctl", PR_SET_KEEPCAPS), NAMED("prctl", PR_SET_NAME),
    NAMED("prctl", PR_GET_SECCOMP), NAMED("prctl", PR_SET_SECCOMP),
    NAMED("prctl", PR_CAPBSET_READ), NAMED("prctl", PR_CAPBSET_DROP),
    NAMED("prctl", PR_SET_SECUREBITS), NAMED("prctl", PR_SET_MM),
    NAMED("prctl", PR_SET_CHILD_SUBREAPER), NAMED("prctl", PR_SET_NO_NEW_PRIVS),
    NAMED("prctl", PR_GET_NO_NEW_PRIVS), NAMED("prctl", PR_CAP_AMBIENT),
    NAMED("prctl", PR_SET_SPECULATION_CTRL), NAMED("prctl", PR_SET_SYSCALL_USER_DISPATCH),
    NAMED("prctl", PR_SET_PTRACER), NAMED("prctl", PR_SET_VMA)};
// clang-format on
#undef NAMED

std::string constant(std::string_view of, std::uint64_t value) {
    for (const auto& one : kConstants) {
        if (one.call == of && one.value == value) return std::string(one.name);
    }
    return "";
}

// A call, one of whose arguments runs through values while the others stand still.
struct Series {
    std::string group;        // as it stands in the golden list
    std::string_view naming;  // of the values, in kConstants
    std::uint32_t call;
    std::array<std::uint64_t, 5> arguments;
    std::size_t varying;

    void add(std::vector<Question>& to, std::uint64_t value) const {
        Probe probe{.number = call, .arguments = arguments};
        probe.arguments[varying] = value;
        to.push_back({group, value, constant(naming, value), probe});
    }
    void add(std::vector<Question>& to, std::uint64_t first, std::uint64_t last) const {
        for (auto value = first; value <= last; ++value) add(to, value);
    }
};

constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;  // of no meaning to the kernel in an int

void add_sockets(std::vector<Question>& to) {
    for (const auto& [name, call] :
         {std::pair{"socket", SYS_socket}, {"socketpair", SYS_socketpair}}) {
        const std::string before(name);
        const auto number = static_cast<std::uint32_t>(call);
        Series{before + " family, SOCK_STREAM 0", "family", number, {0, SOCK_STREAM}, 0}.add(to, 0,
                                                                                             47);
        Series{
            before + " family, SOCK_STREAM 0, bits above 32", "family", number, {0, SOCK_STREAM}, 0}
            .add(to, kHigh, kHigh + 47);
        for (const auto& [family, text] : {std::pair{AF_UNIX, "AF_UNIX"},
                                           {AF_INET, "AF_INET"},
                                           {AF_INET6, "AF_INET6"},
                                           {AF_NETLINK, "AF_NETLINK"}}) {
            const auto domain = static_cast<std::uint64_t>(family);
            Series{before + " " + text + " type, 0", "type", number, {domain}, 1}.add(to, 0, 15);
            Series{before + " " + text + " type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0",
                   "type",
                   number,
                   {domain},
                   1}
                .add(to, SOCK_CLOEXEC | SOCK_NONBLOCK, (SOCK_CLOEXEC | SOCK_NONBLOCK) + 15);
            for (const auto& [type, kind] :
                 {std::pair{SOCK_STREAM, "SOCK_STREAM"}, {SOCK_RAW, "SOCK_RAW"}}) {
                const Series protocol{before + " " + text + " " + kind + ", protocol",
                                      "protocol",
                                      number,
                                      {domain, static_cast<std::uint64_t>(type)},
                                      2};
                protocol.add(to, 0, 20);
                protocol.add(to, IPPROTO_ICMPV6);
                protocol.add(to, IPPROTO_SCTP);
                protocol.add(to, IPPROTO_UDPLITE);
                protocol.add(to, IPPROTO_RAW, IPPROTO_MPTCP + 1);
            }
        }
    }
}

void add_flags(std::vector<Question>& to) {
    for (const auto& [name, call, at] : {std::tuple{"sendto", SYS_sendto, 3UL},
                                         {"sendmsg", SYS_sendmsg, 2UL},
                                         {"sendmmsg", SYS_sendmmsg, 3UL}}) {
        const Series flags{
            std::string(name) + " flags", "send", static_cast<std::uint32_t>(call), {}, at};
        flags.add(to, 0);
        for (unsigned bit = 0; bit < 32; ++bit) flags.add(to, std::uint64_t{1} << bit);
        flags.add(to, MSG_FASTOPEN | MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void add_options(std::vector<Question>& to) {
    for (const auto& [level, name] : {std::pair{0, "IPPROTO_IP"},
                                      {1, "SOL_SOCKET"},
                                      {6, "IPPROTO_TCP"},
                                      {17, "IPPROTO_UDP"},
                                      {41, "IPPROTO_IPV6"},
                                      {58, "IPPROTO_ICMPV6"},
                                      {132, "IPPROTO_SCTP"},
                                      {255, "SOL_RAW"},
                                      {262, "IPPROTO_MPTCP"},
                                      {263, "SOL_PACKET"},
                                      {270, "SOL_NETLINK"},
                                      {279, "SOL_ALG"},
                                      {282, "SOL_TLS"},
                                      {283, "SOL_XDP"}}) {
        Series{std::string("setsockopt ") + name + " option",
               "",
               SYS_setsockopt,
               {0, static_cast<std::uint64_t>(level)},
               2}
            .add(to, 0, 90);
    }
}

void add_memory(std::vector<Question>& to) {
    for (const auto& [name, call] : {std::pair{"mmap", SYS_mmap}, {"mprotect", SYS_mprotect}}) {
        const Series protection{std::string(name) + " protection",
                                "prot",
                                static_cast<std::uint32_t>(call),
                                {0, 4096, 0, MAP_PRIVATE},
                                2};
        protection.add(to, 0, 15);
        for (const auto grow : {PROT_GROWSDOWN, PROT_GROWSUP}) {
            const auto bit = static_cast<std::uint64_t>(static_cast<unsigned>(grow));
            protection.add(to, bit, bit + 7);
        }
        protection.add(to, kHigh, kHigh + 7);
    }
    const Series advice{"madvise advice", "madvise", SYS_madvise, {0, 4096}, 2};
    advice.add(to, 0, 31);
    advice.add(to, 100, 103);
}

// Of no file: the address is null, the descriptor none.
void add_modes(std::vector<Question>& to) {
    constexpr auto kNone = ~std::uint64_t{0};
    for (const auto& [name, call, first, at] :
         {std::tuple{"chmod", SYS_chmod, std::uint64_t{0}, 1UL},
          {"fchmod", SYS_fchmod, kNone, 1UL},
          {"fchmodat", SYS_fchmodat, kNone, 2UL},
          {"fchmodat2", 452L, kNone, 2UL}}) {
        const Series mode{
            std::string(name) + " mode", "mode", static_cast<std::uint32_t>(call), {first}, at};
        for (const std::uint64_t bits :
             {0, 0777, S_ISVTX, S_ISGID, S_ISUID, S_ISUID | 0755, 07777}) {
            mode.add(to, bits);
        }
        mode.add(to, kHigh | S_ISUID);
    }
}

void add_clones(std::vector<Question>& to) {
    constexpr std::uint64_t kThread =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    const Series alone{"clone flags", "clone", SYS_clone, {}, 0};
    const Series thread{"clone flags, of a thread and", "clone", SYS_clone, {}, 0};
    alone.add(to, 0);
    alone.add(to, 17);  // SIGCHLD: fork()
    alone.add(to, CLONE_VM | CLONE_VFORK | 17);
    alone.add(to, kThread);
    for (unsigned bit = 7; bit < 33; ++bit) {
        const auto flag = std::uint64_t{1} << bit;
        alone.add(to, flag);
        thread.add(to, kThread | flag);
        to.back().name = constant("clone", flag);
    }
}

}  // namespace

std::vector<Question> every_number(Entry entry) {
    std::vector<Question> all;
    const std::uint32_t end = entry == Entry::i386 ? 512 : 1024;
    for (std::uint32_t number = 0; number < end; ++number) {
        const bool named = entry == Entry::x86_64;
        if (named && before_any_filter(number)) continue;
        const auto* group = named ? "x86-64" : entry == Entry::x32 ? "x32" : "i386";
        all.push_back({group, number, named ? name_of(number) : "", {entry, number}});
    }
    return all;
}

std::vector<Question> every_argument() {
    std::vector<Question> all;
    add_sockets(all);
    add_flags(all);
    add_options(all);
    add_memory(all);
    add_modes(all);
    add_clones(all);
    const Series control{"fcntl command", "fcntl", SYS_fcntl, {}, 1};
    control.add(all, 0, 40);
    control.add(all, 1024, 1050);
    control.add(all, kHigh, kHigh + 4);
    const Series device{"ioctl request", "ioctl", SYS_ioctl, {}, 1};
    device.add(all, 0x5400, 0x547f);  // terminals
    device.add(all, 0x8900, 0x89ff);  // sockets
    for (const auto other :
         std::initializer_list<std::uint64_t>{FIBMAP, FS_IOC_SETFLAGS, FICLONE, FIDEDUPERANGE,
                                              FIFREEZE, FITRIM, BLKDISCARD, TUNSETIFF}) {
        device.add(all, other);
    }
    const Series process{"prctl option", "prctl", SYS_prctl, {}, 0};
    process.add(all, 0, 90);
    process.add(all, PR_SET_PTRACER);
    process.add(all, PR_SET_VMA);
    process.add(all, kHigh + PR_SET_SECCOMP);
    return all;
}

std::vector<std::pair<std::string, std::vector<Question>>> sweeps() {
    return {{"numbers", every_number(Entry::x86_64)},
            {"x32", every_number(Entry::x32)},
            {"i386", every_number(Entry::i386)},
            {"arguments", every_argument()}};
}

}  // namespace bulkhead::test
