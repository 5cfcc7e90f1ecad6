#include "common/sandbox/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bulkhead::sandbox {

namespace {

// Debian 12's headers define ABI 2. These definitions are from linux/landlock.h of Linux 6.12, and
// those of ABI 9 and 10 from Linux 7.2.
struct RulesetAttribute {
    std::uint64_t handled_fs = 0;
    std::uint64_t handled_net = 0;  // ABI 4
    std::uint64_t scoped = 0;       // ABI 6
};
struct PortAttribute {
    std::uint64_t allowed = 0;
    std::uint64_t port = 0;
};
constexpr std::uint64_t kTruncate = 1U << 14;      // ABI 3
constexpr std::uint64_t kIoctlDev = 1U << 15;      // ABI 5
constexpr std::uint64_t kResolveUnix = 1U << 16;   // ABI 9
constexpr std::uint64_t kBindTcp = 1U << 0;        // ABI 4
constexpr std::uint64_t kConnectTcp = 1U << 1;     // ABI 4
constexpr std::uint64_t kBindUdp = 1U << 2;        // ABI 10
constexpr std::uint64_t kSendUdp = 1U << 3;        // ABI 10; connect(2) and sendto(2)
constexpr std::uint64_t kScopeAbstract = 1U << 0;  // ABI 6
constexpr std::uint64_t kScopeSignal = 1U << 1;    // ABI 6
constexpr int kRuleNetPort = 2;
constexpr int kNewestAbi = 10;
constexpr std::uint16_t kDns = 53;

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kExecute = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kWrite =
    kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |
    LANDLOCK_ACCESS_FS_REFER | kTruncate | kResolveUnix;
constexpr std::uint64_t kRemove =
    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr std::uint64_t kDevices =
    kWrite | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | kIoctlDev;
// Rights that landlock_add_rule(2) accepts for a path that is no directory; others give EINVAL.
constexpr std::uint64_t kOnFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | kTruncate | kIoctlDev |
                                   kResolveUnix;

std::uint64_t wanted(policy::Access access) {
    switch (access) {
        case policy::Access::read:
            return kRead;
        case policy::Access::execute:
            return kExecute;
        case policy::Access::remove:
            return kRemove;
        case policy::Access::write:
            return kWrite;
        case policy::Access::devices:
            return kDevices;
    }
    return 0;
}

RulesetAttribute handled(const LandlockRules& rules, int abi) {
    RulesetAttribute attribute;
    attribute.handled_fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;  // all of ABI 1
    if (abi >= 2) attribute.handled_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) attribute.handled_fs |= kTruncate;
    if (abi >= 5) attribute.handled_fs |= kIoctlDev;
    if (abi >= 9) attribute.handled_fs |= kResolveUnix;
    if (abi >= 4 && rules.tcp_connect) attribute.handled_net = kBindTcp | kConnectTcp;
    if (abi >= 10 && rules.tcp_connect) attribute.handled_net |= kBindUdp | kSendUdp;
    if (abi >= 6) attribute.scoped = kScopeAbstract | (rules.signal_others ? 0 : kScopeSignal);
    return attribute;
}

Result<> allow_path(const sys::Fd& ruleset, int path, std::uint64_t access) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access;
    rule.parent_fd = path;
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) !=
        0) {
        return sys::fail_errno("landlock_add_rule");
    }
    return {};
}

Result<> add_path(const sys::Fd& ruleset, const policy::PathRule& rule, const LandlockRules& rules,
                  std::uint64_t handled_fs) {
    const bool is_proc = rule.path == "/proc" && rules.proc >= 0;
    const sys::Fd path(is_proc ? ::fcntl(rules.proc, F_DUPFD_CLOEXEC, 3)
                               : ::open(rule.path.c_str(), O_PATH | O_CLOEXEC));
    if (!path) {
        if (rule.if_present && errno == ENOENT) return {};
        return sys::fail_errno(rule.source.file + ":" + std::to_string(rule.source.line) + ": " +
                               rule.path);
    }
    struct stat info {};
    if (::fstat(path.get(), &info) != 0) return sys::fail_errno(rule.path);
    auto access = (wanted(rule.access) | (rules.ask_daemons ? kResolveUnix : 0)) & handled_fs;
    if (!S_ISDIR(info.st_mode)) access &= kOnFiles;
    return within(rule.path, allow_path(ruleset, path.get(), access));
}

Result<> allow_port(const sys::Fd& ruleset, std::uint16_t port, std::uint64_t access) {
    const PortAttribute rule{.allowed = access, .port = port};
    if (access == 0) return {};
    return sys::check(::syscall(SYS_landlock_add_rule, ruleset.get(), kRuleNetPort, &rule, 0),
                      "landlock_add_rule: port " + std::to_string(port));
}

Result<> allow_ports(const sys::Fd& ruleset, std::span<const std::uint16_t> ports,
                     std::uint64_t handled) {
    for (const auto port : ports) {
        TRY(allow_port(ruleset, port, (kConnectTcp | kSendUdp) & handled));
    }
    // A socket that sends datagrams without bind(2) gets a port from the kernel, which Landlock
    // treats as a bind to port 0.
    TRY(allow_port(ruleset, kDns, kSendUdp & handled));
    return allow_port(ruleset, 0, kBindUdp & handled);
}

}  // namespace

int landlock_abi() {
    const long abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : static_cast<int>(abi);
}

Result<std::optional<sys::Fd>> make_ruleset(const LandlockRules& rules, int abi) {
    if (abi <= 0) return std::optional<sys::Fd>{};
    abi = std::min(abi, kNewestAbi);
    const auto attribute = handled(rules, abi);
    // Only the members that this ABI has are passed.
    const std::size_t size = abi < 4 ? 8 : abi < 6 ? 16 : 24;
    sys::Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attribute, size, 0)));
    if (!ruleset) return sys::fail_errno("landlock_create_ruleset");
    for (const auto& rule : rules.paths) TRY(add_path(ruleset, rule, rules, attribute.handled_fs));
    if (rules.list_all) {
        const sys::Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!root) return sys::fail_errno("/");
        TRY(allow_path(ruleset, root.get(), LANDLOCK_ACCESS_FS_READ_DIR));
    }
    for (const int directory : rules.writable) {
        TRY(allow_path(ruleset, directory, kWrite & attribute.handled_fs));
    }
    if (attribute.handled_net != 0) {
        TRY(allow_ports(ruleset, *rules.tcp_connect, attribute.handled_net));
    }
    return std::optional(std::move(ruleset));
}

Result<> restrict_self(int ruleset) {
    if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        return sys::fail_errno("landlock_restrict_self");
    }
    return {};
}

}  // namespace bulkhead::sandbox
