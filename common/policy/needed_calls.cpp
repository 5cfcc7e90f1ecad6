#include "common/policy/needed_calls.hpp"

#include <algorithm>

namespace bulkhead::policy {

namespace {

// The reasons are in the shipped lists, policy/seccomp. A test runs each part with these calls
// only.
// clang-format off
constexpr std::string_view kWorker[] = {
    "accept4", "bind", "brk", "clone", "close", "connect", "epoll_create1", "epoll_ctl",
#ifdef __x86_64__  // other architectures lack these two calls, and libc uses the newer ones
    "epoll_wait", "poll",
#else
    "epoll_pwait", "ppoll",
#endif
    "eventfd2", "exit", "exit_group", "fallocate", "fchmod", "fchmodat", "fcntl", "fdatasync", "fstat",
    "fstatfs", "fsync", "ftruncate", "futex", "getdents64", "getpeername", "getpid", "getrandom",
    "getsockname", "getsockopt", "ioctl", "lseek", "madvise", "memfd_create", "mkdirat", "mmap",
    "mprotect", "munmap", "newfstatat", "openat", "openat2", "prctl", "pread64", "pwrite64", "read",
    "recvfrom", "recvmsg", "renameat", "rseq", "rt_sigaction", "rt_sigprocmask", "sched_getaffinity", "sendmmsg",
    "sendmsg", "sendto", "set_robust_list", "setsockopt", "socket", "socketpair", "splice", "uname",
    "unlinkat", "write"};

constexpr std::string_view kConfigReader[] = {
    "brk", "close", "exit_group", "fcntl", "fstat", "lseek", "memfd_create", "mmap", "munmap",
    "newfstatat",
#ifdef __x86_64__
    "poll",
#else
    "ppoll",
#endif
    "prctl", "pread64", "recvmsg", "sendmsg", "write"};

// Those for clsact too, which only a kernel without tcx has it make.
constexpr std::string_view kLoader[] = {
    "bind", "bpf", "brk", "close", "exit_group", "faccessat2", "fcntl", "fstat", "geteuid", "getsockname", "lseek",
    "mmap", "mprotect", "mremap", "munmap", "newfstatat", "openat", "perf_event_open", "prctl",
    "pread64", "read", "recvfrom", "recvmsg", "seccomp", "sendmsg", "sendto", "setsockopt", "socket",
    "uname"};
// clang-format on

bool passes(const Action& action) {
    return action.kind == SyscallAction::allow || action.kind == SyscallAction::log;
}

}  // namespace

std::span<const std::string_view> needed_calls(std::string_view part) {
    if (part == "worker") return kWorker;
    if (part == "config-reader") return kConfigReader;
    if (part == "loader") return kLoader;
    return {};
}

std::vector<std::string> lacking_calls(std::string_view part, const SeccompList& list) {
    std::vector<std::string> lacking;
    for (const auto call : needed_calls(part)) {
        const auto is_let_through = [&](const SyscallRule& rule) {
            return rule.call == call && passes(rule.action);
        };
        const auto is_denied = [&](const SyscallRule& rule) {
            return rule.call == call && rule.conditions.empty();
        };
        if (std::ranges::any_of(list.rules, is_let_through)) continue;
        if (passes(list.fallback) && std::ranges::none_of(list.rules, is_denied)) continue;
        lacking.emplace_back(call);
    }
    return lacking;
}

}  // namespace bulkhead::policy
