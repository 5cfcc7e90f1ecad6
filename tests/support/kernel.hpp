// What this kernel offers, found without the code under test: a wall that is not raised on a kernel
// that has it must fail the test and not skip it.
#pragma once
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace bulkhead::test {

// True if the kernel has mount_setattr(2) (Linux 5.12), the newest call that mount views need.
inline bool kernel_makes_views() {
    return ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0) == 0 || errno != ENOSYS;
}

// Without cgroup2 no job runs.
inline bool cgroup2_is_mounted() {
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
        if (line.find(" - cgroup2 ") != line.npos) return true;
    }
    return false;
}

// Loads a BPF program of type BPF_PROG_TYPE_CGROUP_SOCK_ADDR. Returns why the kernel refuses it, or
// "".
inline std::string kernel_filters_sockets() {
    const bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
                             {.code = BPF_JMP | BPF_EXIT}};
    bpf_attr attribute{};
    attribute.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
    attribute.expected_attach_type = BPF_CGROUP_INET4_CONNECT;
    attribute.insns = reinterpret_cast<std::uint64_t>(code);
    attribute.insn_cnt = 2;
    attribute.license = reinterpret_cast<std::uint64_t>("");
    const long fd = ::syscall(SYS_bpf, BPF_PROG_LOAD, &attribute, sizeof attribute);
    if (fd < 0) return std::string("the kernel takes no BPF program here: ") + std::strerror(errno);
    ::close(static_cast<int>(fd));
    return "";
}

}  // namespace bulkhead::test
