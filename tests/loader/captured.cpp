// captured-loader TRICK: what a loader can do that was taken over while it parsed an artifact. It
// stands in the loader's place, receives the real order, confines itself with the loader's code and
// tries one thing. Exit status: 0 if it was done, else its errno; 200 and above: it was not tried.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "common/link/channel.hpp"
#include "common/protocol/codec.hpp"
#include "loader/confine.hpp"
#include "tests/loader/tricks.hpp"

namespace bulkhead::test {

namespace {

long bpf(int command, bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}
long bpf(int command) {
    bpf_attr none{};
    return bpf(command, none);
}

long event(pid_t pid, int cpu) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_CPU_CLOCK;
    return ::syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, 0);
}

long map_memory(int protection) {
    return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1
                                                                                               : 0;
}

long run() {
    char name[] = "sh";
    char* const words[] = {name, nullptr};
    return ::execve("/bin/sh", words, nullptr);
}

long read_parent() {
    char byte = 0;
    iovec here{.iov_base = &byte, .iov_len = 1};
    iovec there{.iov_base = &byte, .iov_len = 1};
    return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0);
}

// Of the order: a directory, which a path by `..` would lead out of.
int given_cgroup = -1;

long open_parent(int flags) { return ::openat(given_cgroup, "..", flags); }

// By the names that /proc has for descriptors, which the kernel resolves like any path.
long open_parent_by_name() {
    const auto path = "/proc/self/fd/" + std::to_string(given_cgroup) + "/..";
    return ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
}

struct Act {
    std::string_view name;
    std::function<long()> act;
};

const Act kActs[] = {
    {"exec", run},
    {"fork", [] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }},
    {"thread", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
    {"read-passwd", [] { return ::open("/etc/passwd", O_RDONLY); }},
    {"read-root", [] { return ::open("/", O_RDONLY | O_DIRECTORY); }},
    {"read-kallsyms", [] { return ::open("/proc/kallsyms", O_RDONLY); }},
    {"read-broker-memory", [] { return ::open("/proc/1/mem", O_RDONLY); }},
    {"read-btf", [] { return ::open("/sys/kernel/btf/vmlinux", O_RDONLY); }},
    {"write-file", [] { return ::open("/tmp/captured", O_WRONLY | O_CREAT, 0600); }},
    {"write-sysctl", [] { return ::open("/proc/sys/kernel/core_pattern", O_WRONLY); }},
    {"path-cgroups", [] { return ::open("/sys/fs/cgroup", O_PATH | O_DIRECTORY); }},
    {"path-root", [] { return ::open("/", O_PATH); }},
    {"cgroup-parent", [] { return open_parent(O_RDONLY | O_DIRECTORY); }},
    {"cgroup-parent-path", [] { return open_parent(O_PATH | O_DIRECTORY); }},
    {"cgroup-parent-by-name", open_parent_by_name},
    {"cgroup-enter", [] { return ::fchdir(given_cgroup); }},
    {"cgroup-join", [] { return ::openat(given_cgroup, "cgroup.procs", O_WRONLY); }},
    {"cgroup-make", [] { return ::mkdirat(given_cgroup, "more", 0755); }},
    {"unlink", [] { return ::unlink("/tmp/captured"); }},
    {"chmod", [] { return ::fchmod(STDIN_FILENO, 0777); }},
    {"list", [] { return ::syscall(SYS_getdents64, 0, nullptr, 0); }},
    {"socket-inet", [] { return ::socket(AF_INET, SOCK_STREAM, 0); }},
    {"socket-inet6", [] { return ::socket(AF_INET6, SOCK_DGRAM, 0); }},
    {"socket-unix", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }},
    {"socket-packet", [] { return ::socket(AF_PACKET, SOCK_RAW, 0); }},
    {"socket-xdp", [] { return ::socket(44, SOCK_RAW, 0); }},
    {"netlink-route", [] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
    {"netlink-netfilter", [] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }},
    {"netlink-audit", [] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }},
    {"netlink-xfrm", [] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM); }},
    {"connect", [] { return ::connect(3, nullptr, 0); }},
    {"ioctl", [] { return ::ioctl(3, 0x8914, nullptr); }},  // SIOCSIFFLAGS
    {"ptrace-broker", [] { return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr); }},
    {"signal-broker", [] { return ::kill(::getppid(), 0); }},
    {"pidfd-broker", [] { return ::syscall(SYS_pidfd_open, ::getppid(), 0); }},
    {"read-broker", read_parent},
    {"setuid", [] { return ::syscall(SYS_setresuid, 0, 0, 0); }},
    {"capset", [] { return ::syscall(SYS_capset, nullptr, nullptr); }},
    {"undo-dumpable", [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"undo-pdeathsig", [] { return ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }},
    {"unshare", [] { return ::unshare(CLONE_NEWUSER); }},
    {"setns", [] { return ::setns(3, 0); }},
    {"mount", [] { return ::mount("none", "/tmp", "tmpfs", 0, nullptr); }},
    {"chroot", [] { return ::chroot("/"); }},
    {"module", [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }},
    {"keys", [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
    {"reboot", [] { return ::syscall(SYS_reboot, 0, 0, 0, nullptr); }},
    {"clock", [] { return ::syscall(SYS_clock_settime, 0, nullptr); }},
    {"memfd", [] { return ::memfd_create("code", 0); }},
    {"new-code", [] { return map_memory(PROT_READ | PROT_EXEC); }},
    {"new-heap", [] { return map_memory(PROT_READ | PROT_WRITE); }},
    {"bpf-pin", [] { return bpf(BPF_OBJ_PIN); }},
    {"bpf-get-pin", [] { return bpf(BPF_OBJ_GET); }},
    {"bpf-take-program", [] { return bpf(BPF_PROG_GET_FD_BY_ID); }},
    {"bpf-take-map", [] { return bpf(BPF_MAP_GET_FD_BY_ID); }},
    {"bpf-take-link", [] { return bpf(BPF_LINK_GET_FD_BY_ID); }},
    {"bpf-take-types", [] { return bpf(BPF_BTF_GET_FD_BY_ID); }},
    {"bpf-list-types", [] { return bpf(BPF_BTF_GET_NEXT_ID); }},
    {"bpf-list-programs", [] { return bpf(BPF_PROG_GET_NEXT_ID); }},
    {"bpf-attach-for-good", [] { return bpf(BPF_PROG_ATTACH); }},
    {"bpf-detach", [] { return bpf(BPF_PROG_DETACH); }},
    {"bpf-detach-link", [] { return bpf(BPF_LINK_DETACH); }},
    {"bpf-update-link", [] { return bpf(BPF_LINK_UPDATE); }},
    {"bpf-run", [] { return bpf(BPF_PROG_TEST_RUN); }},
    {"bpf-task-fd", [] { return bpf(BPF_TASK_FD_QUERY); }},
    {"bpf-iterate", [] { return bpf(BPF_ITER_CREATE); }},
    {"bpf-statistics", [] { return bpf(BPF_ENABLE_STATS); }},
    {"bpf-token", [] { return bpf(36); }},  // BPF_TOKEN_CREATE, Linux 6.9
    {"watch-broker", [] { return event(::getppid(), -1); }},
    {"watch-itself", [] { return event(0, -1); }},
};

int attempt(std::string_view trick) {
    for (const auto& one : kActs) {
        if (one.name != trick) continue;
        if (trick.starts_with("cgroup-") && given_cgroup < 0) return kNoCgroup;
        errno = 0;
        return one.act() < 0 ? errno : 0;
    }
    return kNoSuchTrick;
}

int capture(std::string_view trick) {
    const link::Channel channel(sys::Fd(3));
    auto packet = channel.receive();
    if (!packet || !*packet) return kNoOrder;
    const auto order =
        protocol::decode<protocol::LoadArtifact>((*packet)->bytes, (*packet)->descriptors);
    if (!order) return kNoOrder;
    if (const auto confined = loader::confine(*order); !confined) {
        std::fprintf(stderr, "captured-loader: %s\n", confined.error().what.c_str());
        return kNotConfined;
    }
    const auto& cgroup = order->programs.items.at(0).cgroup;
    if (cgroup) given_cgroup = cgroup->fd.get();
    return attempt(trick);
}

}  // namespace

}  // namespace bulkhead::test

int main(int count, char** words) {
    if (count == 2 && std::string_view(words[1]) == "--list") {
        for (const auto& one : bulkhead::test::kActs) std::puts(one.name.data());
        return 0;
    }
    return count == 2 ? bulkhead::test::capture(words[1]) : bulkhead::test::kNoSuchTrick;
}
