#include "tests/malicious_worker/sweep.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "common/sandbox/seccomp.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::test {

namespace {

// What a call answers that the filter under test allows: a number no kernel uses (errors end at
// 4095, those that have names at 133).
constexpr int kWouldRun = 3999;
constexpr std::uint32_t kMark = 0x4d414c49;  // sixth argument of a probe
constexpr std::uint32_t kX32Bit = 0x40000000;

// Installed *before* the filter under test. Of two filters' answers the stricter counts, and of
// two errors that of the filter installed last (seccomp(2)): so a kill and an error of the filter
// under test come through, and "allowed" becomes kWouldRun, before anything is carried out.
Result<> install_net() {
    constexpr auto kArch = offsetof(seccomp_data, arch);
    constexpr auto kSixth = offsetof(seccomp_data, args) + 5 * sizeof(std::uint64_t);
    const sandbox::Filter net{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSixth),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMark, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | kWouldRun),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return sandbox::install(net);
}

#ifdef __x86_64__
long enter_i386(const Probe& probe) {
    long result = static_cast<long>(probe.number);
    const auto& a = probe.arguments;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                 : "memory", "r8", "r9", "r10", "r11");
    return static_cast<int>(result);
}
#else
long enter_i386(const Probe&) { return -ENOSYS; }
#endif

Outcome ask(const Probe& probe) {
    const auto& a = probe.arguments;
    long result = 0;
    if (probe.entry == Entry::i386) {
        result = enter_i386(probe);
    } else {
        const auto number = probe.number | (probe.entry == Entry::x32 ? kX32Bit : 0U);
        result = ::syscall(static_cast<long>(number), a[0], a[1], a[2], a[3], a[4],
                           std::uint64_t{kMark});
        if (result == -1) result = -errno;
    }
    return result == -kWouldRun ? Outcome{0} : static_cast<Outcome>(-result);
}

// What the children write, and where the last one was.
struct Shared {
    std::size_t next = 0;
    bool confined = false;
    Outcome outcomes[];
};

[[noreturn]] void ask_from(Shared& shared, std::span<const Probe> probes,
                           const std::function<Result<>()>& confine) {
    const auto done = [&]() -> Result<> {
        TRY(install_net());
        return confine();
    }();
    if (!done) {
        const auto words = "sweep: " + done.error().what + "\n";
        static_cast<void>(::write(STDERR_FILENO, words.data(), words.size()) < 0);
        ::_exit(1);
    }
    shared.confined = true;
    for (; shared.next < probes.size(); ++shared.next) {
        shared.outcomes[shared.next] = ask(probes[shared.next]);
    }
    ::syscall(SYS_exit_group, 0);
    __builtin_trap();
}

}  // namespace

std::string in_words(Outcome outcome) {
    if (outcome == kKilled) return "killed";
    if (outcome == 0) return "allowed";
    const char* name = ::strerrorname_np(outcome);
    return name != nullptr ? name : std::to_string(outcome);
}

Result<std::vector<Outcome>> sweep(std::span<const Probe> probes,
                                   const std::function<Result<>()>& confine) {
    const auto size = sizeof(Shared) + probes.size() * sizeof(Outcome);
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return sys::fail_errno("mmap");
    auto& shared = *static_cast<Shared*>(memory);
    Result<> done;
    while (done && shared.next < probes.size()) {
        shared.confined = false;
        const pid_t child = ::fork();
        if (child < 0) done = sys::fail_errno("fork");
        if (child == 0) ask_from(shared, probes, confine);
        int status = 0;
        if (child > 0 && ::waitpid(child, &status, 0) != child) done = sys::fail_errno("waitpid");
        if (!done || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) continue;
        if (shared.confined && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
            shared.outcomes[shared.next++] = kKilled;
            continue;
        }
        done = fail("probe " + std::to_string(shared.next) + ": wait status " +
                    std::to_string(status) + (shared.confined ? "" : " before it was confined"));
    }
    std::vector<Outcome> outcomes(shared.outcomes, shared.outcomes + probes.size());
    ::munmap(memory, size);
    if (!done) return std::unexpected(done.error());
    return outcomes;
}

bool has_i386_entry() {
    constexpr std::uint32_t kGetpid = 20;  // arch/x86/entry/syscalls/syscall_32.tbl
    const pid_t child = ::fork();
    if (child == 0) {
        // Where there is no such entry this is SIGSEGV.
        ::_exit(enter_i386({.entry = Entry::i386, .number = kGetpid}) == ::getpid() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
}

}  // namespace bulkhead::test
