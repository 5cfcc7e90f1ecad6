#include "common/policy/constants.hpp"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include <cerrno>
#include <charconv>
#include <string>

#include "common/base/parse.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

namespace {

struct Constant {
    std::string_view name;
    std::uint32_t value;
};

// clang-format off
#define NAMED(name) {#name, static_cast<std::uint32_t>(name)}
constexpr Constant kValues[] = {
    // socket(2)
    NAMED(SOCK_STREAM), NAMED(SOCK_DGRAM), NAMED(SOCK_RAW), NAMED(IPPROTO_ICMP), NAMED(IPPROTO_ICMPV6),
    NAMED(NETLINK_KOBJECT_UEVENT), NAMED(AF_UNIX), NAMED(AF_INET), NAMED(AF_INET6), NAMED(AF_NETLINK), NAMED(AF_PACKET),
    NAMED(AF_VSOCK), NAMED(AF_ALG), NAMED(IPPROTO_TCP), NAMED(IPPROTO_UDP), NAMED(NETLINK_ROUTE),
    NAMED(NETLINK_SOCK_DIAG),
    // sendto(2), sendmsg(2), sendmmsg(2)
    NAMED(MSG_FASTOPEN),
    // setsockopt(2)
    NAMED(SOL_SOCKET), NAMED(SO_KEEPALIVE), NAMED(SO_REUSEADDR), NAMED(SO_RCVBUF),
    NAMED(SO_SNDBUF), NAMED(SO_RCVTIMEO), NAMED(SO_SNDTIMEO), NAMED(TCP_NODELAY),
    NAMED(TCP_KEEPIDLE), NAMED(TCP_KEEPINTVL), NAMED(TCP_KEEPCNT), NAMED(TCP_USER_TIMEOUT),
    NAMED(IPPROTO_IP), NAMED(IP_RECVERR), NAMED(IPPROTO_IPV6), NAMED(IPV6_RECVERR),
    // mmap(2), mprotect(2), madvise(2)
    NAMED(PROT_EXEC), NAMED(MADV_DONTNEED), NAMED(MADV_FREE),
    // bpf(2)
    NAMED(BPF_MAP_CREATE), NAMED(BPF_MAP_LOOKUP_ELEM), NAMED(BPF_MAP_UPDATE_ELEM), NAMED(BPF_MAP_FREEZE),
    NAMED(BPF_PROG_LOAD), NAMED(BPF_PROG_BIND_MAP), NAMED(BPF_PROG_QUERY), NAMED(BPF_BTF_LOAD),
    NAMED(BPF_BTF_GET_NEXT_ID), NAMED(BPF_OBJ_GET_INFO_BY_FD), NAMED(BPF_LINK_CREATE),
    NAMED(BPF_RAW_TRACEPOINT_OPEN),
    // clone(2), unshare(2)
    {"AT_FDCWD", static_cast<std::uint32_t>(AT_FDCWD)},
    NAMED(CLONE_VM), NAMED(CLONE_THREAD), NAMED(CLONE_NEWNS), NAMED(CLONE_NEWUSER),
    // fcntl(2)
    NAMED(F_GETFD), NAMED(F_SETFD), NAMED(F_GETFL), NAMED(F_SETFL), NAMED(F_DUPFD),
    NAMED(F_DUPFD_CLOEXEC), NAMED(F_GETPIPE_SZ), NAMED(F_ADD_SEALS), NAMED(F_GET_SEALS),
    // ioctl(2)
    NAMED(FIONREAD), NAMED(FIONBIO), NAMED(TCGETS), NAMED(TIOCSTI), NAMED(TIOCLINUX),
    NAMED(TIOCSETD), NAMED(TIOCGWINSZ), NAMED(FIOCLEX), NAMED(FIONCLEX), NAMED(FICLONE),
    NAMED(FS_IOC_GETFLAGS), NAMED(FS_IOC_SETFLAGS), NAMED(FS_IOC_FSSETXATTR), NAMED(FS_IOC_FIEMAP), NAMED(SIOCGIFCONF), NAMED(SIOCGIFFLAGS),
    NAMED(SIOCGIFADDR), NAMED(SIOCGIFBRDADDR), NAMED(SIOCGIFNETMASK), NAMED(SIOCGIFMTU),
    NAMED(SIOCGIFHWADDR), NAMED(SIOCGIFINDEX), NAMED(SIOCGIFBR), NAMED(SIOCSIFBR),
    NAMED(SIOCBRADDBR), NAMED(SIOCBRDELBR), NAMED(SIOCBRADDIF), NAMED(SIOCBRDELIF),
    NAMED(SIOCGIFVLAN), NAMED(SIOCSIFVLAN),
    // mknod(2)
    NAMED(S_IFMT), NAMED(S_IFIFO),
    // prctl(2)
    NAMED(PR_SET_NAME), NAMED(PR_GET_SECCOMP), NAMED(PR_GET_NO_NEW_PRIVS),
    NAMED(PR_GET_DUMPABLE), NAMED(PR_CAPBSET_READ)};

constexpr Constant kErrors[] = {
    NAMED(EPERM), NAMED(ENOENT), NAMED(EACCES), NAMED(EINVAL), NAMED(ENOSYS), NAMED(ENOTTY), NAMED(EAFNOSUPPORT),
    NAMED(EPROTONOSUPPORT), NAMED(ESOCKTNOSUPPORT)};

// The index is the capability's number in linux/capability.h.
constexpr std::string_view kCapabilities[] = {
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"};
// clang-format on
#undef NAMED

template <std::size_t N>
Result<std::uint32_t> look_up(const Constant (&table)[N], std::string_view name) {
    for (const auto& constant : table) {
        if (constant.name == name) return constant.value;
    }
    return fail("unknown name \"" + std::string(name) + "\"");
}

}  // namespace

Result<std::uint32_t> parse_value(std::string_view text) {
    std::uint32_t value = 0;
    for (const auto part : split(text, '|')) {
        const bool hex = part.starts_with("0x");
        const auto digits = part.substr(hex ? 2 : 0);
        std::uint32_t bits = 0;
        const auto* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, bits, hex ? 16 : 10);
        if (error != std::errc{} || stop != end) bits = TRY(look_up(kValues, part));
        value |= bits;
    }
    return value;
}

Result<int> parse_errno(std::string_view text) {
    return static_cast<int>(TRY(look_up(kErrors, text)));
}

Result<std::uint64_t> parse_capability(std::string_view text) {
    for (std::size_t number = 0; number < std::size(kCapabilities); ++number) {
        if (kCapabilities[number] == text) return std::uint64_t{1} << number;
    }
    return fail("unknown capability \"" + std::string(text) + "\"");
}

std::string capability_names(std::uint64_t capabilities) {
    std::string names;
    for (std::size_t number = 0; number < std::size(kCapabilities); ++number) {
        if ((capabilities >> number & 1) == 0) continue;
        names.append(names.empty() ? "" : " ").append(kCapabilities[number]);
    }
    return names.empty() ? "none" : names;
}

}  // namespace bulkhead::policy
