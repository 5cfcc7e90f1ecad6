// Other processes: the broker, which is root's, and a sibling of the same user.
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>

#include "tests/malicious_worker/host_attacks.hpp"

namespace bulkhead::test {

namespace {

using Act = std::function<long(const Surroundings&)>;
const std::vector<std::string> kKilled{"killed"};

Act opens_proc(int Surroundings::*whose, std::string name, int flags = O_RDONLY) {
    return [=](const Surroundings& s) {
        return ::open(("/proc/" + std::to_string(s.*whose) + "/" + name).c_str(),
                      flags | O_CLOEXEC);
    };
}

HostAttack of_broker(const char* name, int flags = O_RDONLY) {
    return {std::string("broker-") + name,
            "uid",
            {"EACCES", "EPERM", "ENOENT"},
            opens_proc(&Surroundings::broker, name, flags)};
}
HostAttack of_sibling(const char* name, int flags = O_RDONLY) {
    return {std::string("sibling-") + name,
            "Landlock",
            {"EACCES", "EPERM", "ENOENT"},
            opens_proc(&Surroundings::sibling, name, flags),
            1};
}

// Any call on the broker that the filter ends.
template <class... Arguments>
HostAttack killed(const char* name, long number, Arguments... arguments) {
    return {.name = name, .layer = "seccomp", .walls = kKilled, .act = [=](const Surroundings&) {
                return ::syscall(number, arguments...);
            }};
}
template <class Call>
HostAttack killed_on_broker(const char* name, Call call) {
    return {
        .name = name, .layer = "seccomp", .walls = kKilled, .act = [call](const Surroundings& s) {
            return static_cast<long>(call(s.broker));
        }};
}

}  // namespace

std::vector<HostAttack> attacks_on_processes() {
    static iovec none{nullptr, 0};
    return {
        of_broker("mem", O_RDWR),
        of_broker("environ"),
        of_broker("maps"),
        of_broker("auxv"),
        of_broker("syscall"),
        of_broker("stack"),
        of_broker("io"),
        of_broker("fdinfo/3"),
        of_broker("map_files"),
        of_broker("pagemap"),
        of_broker("ns/mnt"),
        of_broker("oom_score_adj", O_WRONLY),
        of_broker("coredump_filter", O_WRONLY),
        of_sibling("mem", O_RDWR),
        of_sibling("environ"),
        of_sibling("maps"),
        killed_on_broker("kill-broker", [](int pid) { return ::kill(pid, SIGKILL); }),
        killed_on_broker("pidfd-of-broker",
                         [](int pid) { return ::syscall(SYS_pidfd_open, pid, 0); }),
        killed_on_broker(
            "signal-by-queue",
            [](int pid) { return ::syscall(SYS_rt_sigqueueinfo, pid, SIGKILL, nullptr); }),
        killed_on_broker(
            "trace-broker",
            [](int pid) { return ::syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, pid, 0, 0); }),
        killed_on_broker("read-memory-of-broker",
                         [](int pid) { return ::process_vm_readv(pid, &none, 1, &none, 1, 0); }),
        killed_on_broker("write-memory-of-broker",
                         [](int pid) { return ::process_vm_writev(pid, &none, 1, &none, 1, 0); }),
        killed_on_broker(
            "limits-of-broker",
            [](int pid) { return ::syscall(SYS_prlimit64, pid, 7, nullptr, nullptr); }),
        killed_on_broker("pin-broker",
                         [](int pid) { return ::syscall(SYS_sched_setaffinity, pid, 0, nullptr); }),
        killed_on_broker("compare-with-broker",
                         [](int pid) { return ::syscall(SYS_kcmp, pid, pid, 0, 3, 3); }),
        killed("priority-of-others", SYS_setpriority, 0, 0, 19),
        killed("take-a-descriptor", SYS_pidfd_getfd, 0, 0, 0),
        killed("signal-by-pidfd", SYS_pidfd_send_signal, 0, SIGKILL, nullptr, 0),
        killed("advise-others", SYS_process_madvise, 0, nullptr, 0, 0, 0),
        killed("release-others", SYS_process_mrelease, 0, 0),
        // tgkill is there for abort(); whom it reaches is decided by user id and Landlock's scope.
        {.name = "tgkill-broker",
         .layer = "uid",
         .walls = {"EPERM"},
         .act = [](const Surroundings& s) { return ::syscall(SYS_tgkill, s.broker, s.broker, 0); }},
        {.name = "tgkill-init",
         .layer = "uid",
         .walls = {"EPERM"},
         .act = [](const Surroundings&) { return ::syscall(SYS_tgkill, 1, 1, 0); }},
        {.name = "tgkill-sibling",
         .layer = "Landlock",
         .walls = {"EPERM"},
         .act =
             [](const Surroundings& s) { return ::syscall(SYS_tgkill, s.sibling, s.sibling, 0); },
         .landlock = 6},
        // Another process, another program
        killed("fork", SYS_fork),
        killed("vfork", SYS_vfork),
        killed("clone-a-process", SYS_clone, SIGCHLD, 0, 0, 0, 0),
        {.name = "clone3",
         .layer = "seccomp",
         .walls = {"ENOSYS"},
         .act = [](const Surroundings&) { return ::syscall(SYS_clone3, nullptr, 0); }},
        {.name = "execve",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 return static_cast<long>(::execl("/bin/sh", "sh", nullptr));
             }},
        {.name = "execve-itself",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 return static_cast<long>(::execl("/proc/self/exe", "x", nullptr));
             }},
        {.name = "execveat-memory",
         .layer = "seccomp",
         .walls = kKilled,
         .act =
             [](const Surroundings&) {
                 const int fd = memory("#!/bin/sh\n", kAllSeals);
                 return ::syscall(SYS_execveat, fd, "", nullptr, nullptr, AT_EMPTY_PATH);
             }},
        killed("become-root", SYS_setuid, 0),
        killed("become-root-again", SYS_setresuid, 0, 0, 0),
        killed("become-roots-group", SYS_setgid, 0),
        killed("raise-capabilities", SYS_capset, nullptr, nullptr),
        killed("join-groups", SYS_setgroups, 0, nullptr),
        killed("new-session", SYS_setsid),
    };
}

}  // namespace bulkhead::test
