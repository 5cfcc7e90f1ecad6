#include "loader/own_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

namespace bulkhead::loader {

namespace {

#ifdef __x86_64__
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t kFileCalls[] = {SYS_openat, SYS_faccessat, SYS_faccessat2};
constexpr std::uint32_t kMemoryCalls[] = {SYS_mmap, SYS_mprotect};

sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter answer(std::uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }
// Skips as many instructions unless the loaded word is `value`.
sock_filter if_is(std::uint32_t value, std::uint8_t skipped = 1) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped);
}

// Kills on another architecture's entry, and leaves the number of the call in the accumulator.
sandbox::Filter begin() {
    return {load(offsetof(seccomp_data, arch)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
            answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
}

}  // namespace

sandbox::Filter allow_only(std::span<const std::uint32_t> calls) {
    auto all = begin();
    for (const auto call : calls) {
        all.push_back(if_is(call));
        all.push_back(answer(SECCOMP_RET_ALLOW));
    }
    for (const auto call : kFileCalls) {
        all.push_back(if_is(call));
        all.push_back(answer(SECCOMP_RET_ERRNO | ENOENT));
    }
    for (const auto call : kMemoryCalls) {
        all.push_back(if_is(call, 4));
        all.push_back(load(offsetof(seccomp_data, args[2])));  // the low half, on these machines
        all.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
        all.push_back(answer(SECCOMP_RET_KILL_PROCESS));
        all.push_back(answer(SECCOMP_RET_ALLOW));
    }
    all.push_back(answer(SECCOMP_RET_KILL_PROCESS));
    return all;
}

sandbox::Filter allow_all_but(std::uint32_t call) {
    auto all = begin();
    all.push_back(if_is(call));
    all.push_back(answer(SECCOMP_RET_KILL_PROCESS));
    all.push_back(answer(SECCOMP_RET_ALLOW));
    return all;
}

}  // namespace bulkhead::loader
