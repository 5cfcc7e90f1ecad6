// System calls that the lists in policy/seccomp/ take away. Each is made with arguments at which
// the kernel itself would stumble earlier or otherwise, so that the answer tells who gave it: a
// root process outside of every sandbox gets the kernel's own, and nothing happens to the host.
#include <linux/sched.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

constexpr long kBad = 8;  // an address that nothing is mapped at

std::function<std::string(const Place&)> raw(long number, std::array<long, 6> a) {
    return [number, a](const Place&) {
        return answer(::syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
    };
}

// What every profile's list and the ceiling refuse alike.
Trick refused(const char* name, long number, std::array<long, 6> arguments, const char* errno_name,
              const char* bare) {
    return {.name = name,
            .layer = "seccomp",
            .answers = {.inspect = errno_name,
                        .diagnose = errno_name,
                        .maintain = errno_name,
                        .admin = errno_name,
                        .bare = bare},
            .play = raw(number, arguments)};
}

// What is refused to all but profile admin, which is root.
Trick roots(const char* name, long number, std::array<long, 6> arguments, const char* errno_name,
            const char* bare) {
    return {.name = name,
            .layer = "seccomp",
            .answers = {.inspect = errno_name,
                        .diagnose = errno_name,
                        .maintain = errno_name,
                        .admin = bare,
                        .bare = bare},
            .play = raw(number, arguments)};
}

// A family or protocol for which the kernel would load a module. Who is root does not try it: the
// module would stay.
Trick module_by_socket(const char* name, int family, int type, int protocol,
                       const char* errno_name) {
    return {.name = name,
            .layer = "seccomp",
            .answers = {.inspect = errno_name,
                        .diagnose = errno_name,
                        .maintain = errno_name,
                        .admin = "not tried",
                        .bare = "not tried"},
            .play = [=](const Place&) {
                return ::geteuid() == 0 ? "not tried" : answer(::socket(family, type, protocol));
            }};
}

// fork() by another name: the child ends at once.
std::string clone_with(unsigned long flags) {
    const long pid = ::syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) ::_exit(0);
    if (pid > 0) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
    return answer(pid);
}

#ifdef __x86_64__
// getpid(2) through the door of 32-bit programs.
std::string enter_as_i386() {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    errno = static_cast<int>(-result);
    return answer(result);
}
#endif

}  // namespace

std::vector<Trick> call_tricks() {
    std::vector<Trick> table{
        // Walls
        roots("unshare-user", SYS_unshare, {CLONE_NEWUSER}, "EPERM", "ok"),
        roots("unshare-mount", SYS_unshare, {CLONE_NEWNS}, "EPERM", "ok"),
        roots("setns", SYS_setns, {-1, 0}, "EPERM", "EBADF"),
        {.name = "clone-user",
         .layer = "seccomp",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return clone_with(CLONE_NEWUSER); }},
        {.name = "clone-plain",
         .layer = "seccomp",
         .answers = everywhere("ok"),
         .play = [](const Place&) { return clone_with(0); }},
        roots("clone3", SYS_clone3, {kBad, 64}, "ENOSYS", "EFAULT"),
        roots("mount", SYS_mount, {kBad, kBad, kBad, 0, kBad}, "EPERM", "EFAULT"),
        roots("umount2", SYS_umount2, {kBad, 0}, "EPERM", "EFAULT"),
        roots("pivot_root", SYS_pivot_root, {kBad, kBad}, "EPERM", "EFAULT"),
        roots("move_mount", SYS_move_mount, {-1, kBad, -1, kBad, 0}, "EPERM", "EFAULT|EBADF"),
        roots("open_tree", SYS_open_tree, {-1, kBad, 0}, "EPERM", "EFAULT"),
        roots("mount_setattr", SYS_mount_setattr, {-1, kBad, 0, kBad, 0}, "EPERM", "EINVAL"),
        roots("fsopen", SYS_fsopen, {kBad, 0}, "EPERM", "EFAULT"),
        roots("fsconfig", SYS_fsconfig, {-1, 0, kBad, kBad, 0}, "EPERM", "EINVAL|EBADF"),
        roots("fsmount", SYS_fsmount, {-1, 0, 0}, "EPERM", "EBADF|EINVAL"),
        roots("fspick", SYS_fspick, {-1, kBad, 0}, "EPERM", "EFAULT"),

        // New code in the kernel
        refused("init_module", SYS_init_module, {kBad, 0, kBad}, "EPERM", "ENOEXEC|ENOSYS"),
        refused("finit_module", SYS_finit_module, {-1, kBad, 0}, "EPERM", "EFAULT|EBADF|ENOSYS"),
        refused("delete_module", SYS_delete_module, {kBad, 0}, "EPERM", "EFAULT|ENOSYS"),
        refused("kexec_load", SYS_kexec_load, {0, 99999, kBad, 0}, "EPERM", "EINVAL|ENOSYS"),
        refused("kexec_file_load", SYS_kexec_file_load, {-1, -1, 0, kBad, 0x7fff}, "EPERM",
                "EINVAL|ENOSYS"),
        refused("reboot", SYS_reboot, {1, 2, 3}, "EPERM", "EINVAL"),
        refused("bpf", SYS_bpf, {9999, kBad, 8}, "EPERM", "EFAULT|EINVAL"),

        // Other processes
        refused("ptrace", SYS_ptrace, {16 /* PTRACE_ATTACH */, 0x7ffffff}, "EPERM", "ESRCH"),
        refused("process_vm_readv", SYS_process_vm_readv, {0x7ffffff, 0, 0, 0, 0, 9}, "EPERM",
                "EINVAL"),
        refused("process_vm_writev", SYS_process_vm_writev, {0x7ffffff, 0, 0, 0, 0, 9}, "EPERM",
                "EINVAL"),
        refused("pidfd_getfd", SYS_pidfd_getfd, {-1, 0, 0}, "EPERM", "EBADF"),
        refused("kcmp", SYS_kcmp, {0x7ffffff, 0x7ffffff, 0, 0, 0}, "EPERM", "ESRCH|ENOSYS"),
        refused("process_madvise", SYS_process_madvise, {-1, kBad, 0, 0, 9}, "EPERM", "EINVAL"),

        {.name = "move-memory-between-nodes",
         .layer = "seccomp",
         .answers = {.inspect = "EPERM",
                     .diagnose = "EPERM",
                     .maintain = "EPERM",
                     .admin = "EINVAL",
                     .bare = "EINVAL"},
         .play = raw(SYS_mbind, {0, 0, 0, 0, 0, -1})},

        // The kernel's keys
        refused("add_key", SYS_add_key, {kBad, kBad, 0, 0, 0}, "ENOSYS", "EFAULT"),
        refused("request_key", SYS_request_key, {kBad, kBad, kBad, 0}, "ENOSYS", "EFAULT"),
        refused("keyctl", SYS_keyctl, {9999}, "ENOSYS", "EOPNOTSUPP"),

        // Wide doors into the kernel
        refused("io_uring_setup", SYS_io_uring_setup, {1, kBad}, "ENOSYS", "EFAULT"),
        refused("io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0, 0}, "ENOSYS", "EBADF"),
        refused("io_uring_register", SYS_io_uring_register, {-1, 9999, 0, 0}, "ENOSYS",
                "EINVAL|EBADF"),
        refused("perf_event_open", SYS_perf_event_open, {kBad, 0, -1, -1, 0}, "EPERM", "EFAULT"),
        refused("userfaultfd", SYS_userfaultfd, {0}, "EPERM", "ok"),
        refused("lookup_dcookie", SYS_lookup_dcookie, {0, kBad, 0}, "EPERM",
                "EINVAL|ENOSYS|EFAULT"),
        refused("socket-alg", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, "EAFNOSUPPORT",
                "ok|EAFNOSUPPORT"),
        // 99: a kind of socket that there is not.
        refused("socket-vsock", SYS_socket, {AF_VSOCK, 99, 0}, "EAFNOSUPPORT",
                "EINVAL|ESOCKTNOSUPPORT"),
        {.name = "socket-packet",
         .layer = "seccomp",
         .answers = only_admin("EAFNOSUPPORT"),
         .play = raw(SYS_socket, {AF_PACKET, SOCK_RAW, 0})},
        module_by_socket("socket-sctp", AF_INET, SOCK_STREAM, 132, "EPROTONOSUPPORT"),
        module_by_socket("socket-mptcp", AF_INET, SOCK_STREAM, 262, "EPROTONOSUPPORT"),
        module_by_socket("socket-l2tp", AF_INET, SOCK_DGRAM, 115, "EPROTONOSUPPORT"),
        module_by_socket("socket-udplite", AF_INET6, SOCK_DGRAM, 136, "EPROTONOSUPPORT"),
        module_by_socket("socket-dccp", AF_INET, SOCK_DCCP, 33, "ESOCKTNOSUPPORT"),
        module_by_socket("socket-netlink-xfrm", AF_NETLINK, SOCK_RAW, 6, "EPROTONOSUPPORT"),
        module_by_socket("socket-netlink-nfnetlink", AF_NETLINK, SOCK_RAW, 12, "EPROTONOSUPPORT"),
        module_by_socket("socket-netlink-rdma", AF_NETLINK, SOCK_RAW, 20, "EPROTONOSUPPORT"),
        module_by_socket("socket-netlink-crypto", AF_NETLINK, SOCK_RAW, 21, "EPROTONOSUPPORT"),
        module_by_socket("socket-xdp", AF_XDP, SOCK_RAW, 0, "EAFNOSUPPORT"),
        module_by_socket("socket-tipc", AF_TIPC, SOCK_STREAM, 0, "EAFNOSUPPORT"),
        module_by_socket("socket-rds", AF_RDS, SOCK_SEQPACKET, 0, "EAFNOSUPPORT"),
        module_by_socket("socket-can", AF_CAN, SOCK_RAW, 1, "EAFNOSUPPORT"),
        module_by_socket("socket-bluetooth", AF_BLUETOOTH, SOCK_RAW, 1, "EAFNOSUPPORT"),
        module_by_socket("socket-kcm", AF_KCM, SOCK_DGRAM, 0, "EAFNOSUPPORT"),
        module_by_socket("socket-smc", AF_SMC, SOCK_STREAM, 0, "EAFNOSUPPORT"),
        {.name = "socket-unix",
         .layer = "seccomp",
         .answers = {.inspect = "EAFNOSUPPORT",
                     .diagnose = "ok",
                     .maintain = "EAFNOSUPPORT",
                     .admin = "ok",
                     .bare = "ok"},
         .play = raw(SYS_socket, {AF_UNIX, SOCK_STREAM, 0})},
        refused("type-into-terminal", SYS_ioctl, {0, 0x5412, kBad}, "EPERM", "ENOTTY"),
        refused("paste-into-console", SYS_ioctl, {0, 0x541c, kBad}, "EPERM", "ENOTTY"),

        // The machine
        refused("quotactl", SYS_quotactl, {0, kBad, 0, kBad}, "EPERM", "EFAULT|ENOSYS|EINVAL"),
        refused("acct", SYS_acct, {kBad}, "EPERM", "EFAULT|ENOSYS"),
        refused("swapon", SYS_swapon, {kBad, 0x7fffffff}, "EPERM", "EINVAL|ENOSYS"),
        refused("swapoff", SYS_swapoff, {kBad}, "EPERM", "EFAULT|ENOSYS"),
        refused("vhangup", SYS_vhangup, {}, "EPERM", "ok"),

        // Time
        refused("settimeofday", SYS_settimeofday, {kBad, 0}, "EPERM", "EFAULT"),
        refused("clock_settime", SYS_clock_settime, {0, kBad}, "EPERM", "EFAULT"),
        refused("clock_adjtime", SYS_clock_adjtime, {0, kBad}, "EPERM", "EFAULT"),
        refused("adjtimex", SYS_adjtimex, {kBad}, "EPERM", "EFAULT"),

        // Ways around paths
        refused("open_by_handle_at", SYS_open_by_handle_at, {-1, kBad, 0}, "EPERM", "EFAULT|EBADF"),
        refused("fanotify_init", SYS_fanotify_init, {0, 0}, "EPERM", "ok|ENOSYS"),
    };
#ifdef __x86_64__
    const std::vector<Trick> of_this_processor{
        refused("modify_ldt", SYS_modify_ldt, {0, kBad, 0}, "EPERM", "ok|ENOSYS"),
        refused("iopl", SYS_iopl, {4}, "EPERM", "EINVAL|ENOSYS"),
        refused("ioperm", SYS_ioperm, {-1, 1, 1}, "EPERM", "EINVAL|ENOSYS"),
        refused("enter-as-x32", 0x40000000L | SYS_getpid, {}, "SIGSYS", "ok|ENOSYS"),
        // A kernel that was started without 32-bit entry faults before it asks any filter, also
        // where there is none: a missing filter is still told by "ok", on the other kernels.
        {.name = "enter-as-i386",
         .layer = "seccomp",
         .answers = {.inspect = "SIGSYS|SIGSEGV",
                     .diagnose = "SIGSYS|SIGSEGV",
                     .maintain = "SIGSYS|SIGSEGV",
                     .admin = "SIGSYS|SIGSEGV",
                     .bare = "ok|SIGSEGV|ENOSYS"},
         .play = [](const Place&) { return enter_as_i386(); }},
    };
    table.insert(table.end(), of_this_processor.begin(), of_this_processor.end());
#endif
    return table;
}

}  // namespace bulkhead::sandbox_test
