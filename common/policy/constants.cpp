#include "common/policy/constants.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

#define NAMED(name) \
    { #name, static_cast < std::uint32_t>(name) }
constexpr Constant kValues[] = {
    // socket(2), argument 0
    NAMED(AF_UNIX), NAMED(AF_INET), NAMED(AF_INET6), NAMED(AF_NETLINK), NAMED(AF_PACKET),
    NAMED(AF_VSOCK), NAMED(AF_ALG),
    // mmap(2) and mprotect(2), argument 2; madvise(2), argument 2
    NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(PROT_EXEC), NAMED(MADV_DONTNEED), NAMED(MADV_FREE),
    // clone(2), argument 0; unshare(2), argument 0; setns(2), argument 1
    NAMED(CLONE_VM), NAMED(CLONE_THREAD), NAMED(CLONE_NEWNS), NAMED(CLONE_NEWCGROUP),
    NAMED(CLONE_NEWUTS), NAMED(CLONE_NEWIPC), NAMED(CLONE_NEWUSER), NAMED(CLONE_NEWPID),
    NAMED(CLONE_NEWNET),
    // fcntl(2), argument 1
    NAMED(F_DUPFD), NAMED(F_DUPFD_CLOEXEC), NAMED(F_GETFD), NAMED(F_SETFD), NAMED(F_GETFL),
    NAMED(F_SETFL), NAMED(F_GETPIPE_SZ), NAMED(F_ADD_SEALS), NAMED(F_GET_SEALS), NAMED(F_OFD_SETLK),
    // ioctl(2), argument 1
    NAMED(FIONREAD), NAMED(FIONBIO), NAMED(TCGETS), NAMED(TIOCGWINSZ), NAMED(TIOCSTI),
    NAMED(TIOCLINUX),
    // prctl(2), argument 0
    NAMED(PR_SET_NAME), NAMED(PR_GET_NAME), NAMED(PR_SET_DUMPABLE), NAMED(PR_GET_DUMPABLE),
    NAMED(PR_GET_SECCOMP), NAMED(PR_GET_NO_NEW_PRIVS), NAMED(PR_CAPBSET_READ),
    NAMED(PR_SET_PDEATHSIG), NAMED(PR_SET_VMA)};

constexpr Constant kErrors[] = {NAMED(EPERM),  NAMED(EACCES),       NAMED(EINVAL),    NAMED(ENOSYS),
                                NAMED(ENOTTY), NAMED(EAFNOSUPPORT), NAMED(EOPNOTSUPP)};
#undef NAMED

// By number, linux/capability.h; the numbers are kernel ABI.
constexpr std::string_view kCapabilities[] = {"CAP_CHOWN",
                                              "CAP_DAC_OVERRIDE",
                                              "CAP_DAC_READ_SEARCH",
                                              "CAP_FOWNER",
                                              "CAP_FSETID",
                                              "CAP_KILL",
                                              "CAP_SETGID",
                                              "CAP_SETUID",
                                              "CAP_SETPCAP",
                                              "CAP_LINUX_IMMUTABLE",
                                              "CAP_NET_BIND_SERVICE",
                                              "CAP_NET_BROADCAST",
                                              "CAP_NET_ADMIN",
                                              "CAP_NET_RAW",
                                              "CAP_IPC_LOCK",
                                              "CAP_IPC_OWNER",
                                              "CAP_SYS_MODULE",
                                              "CAP_SYS_RAWIO",
                                              "CAP_SYS_CHROOT",
                                              "CAP_SYS_PTRACE",
                                              "CAP_SYS_PACCT",
                                              "CAP_SYS_ADMIN",
                                              "CAP_SYS_BOOT",
                                              "CAP_SYS_NICE",
                                              "CAP_SYS_RESOURCE",
                                              "CAP_SYS_TIME",
                                              "CAP_SYS_TTY_CONFIG",
                                              "CAP_MKNOD",
                                              "CAP_LEASE",
                                              "CAP_AUDIT_WRITE",
                                              "CAP_AUDIT_CONTROL",
                                              "CAP_SETFCAP",
                                              "CAP_MAC_OVERRIDE",
                                              "CAP_MAC_ADMIN",
                                              "CAP_SYSLOG",
                                              "CAP_WAKE_ALARM",
                                              "CAP_BLOCK_SUSPEND",
                                              "CAP_AUDIT_READ",
                                              "CAP_PERFMON",
                                              "CAP_BPF",
                                              "CAP_CHECKPOINT_RESTORE"};

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
