// killed_at_call(): a child process that is killed when it makes its Nth system call, so that a
// test can look at what it leaves behind at every step (ptrace(2)).
#pragma once
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace bulkhead::test {

// Runs `act` in a child process. SIGKILL ends it where its system call number `call`, counted from
// 0, would begin. False if `act` returned before.
inline bool killed_at_call(int call, const std::function<void()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
        const pid_t self = ::getpid();
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::kill(self, SIGSTOP);  // raise(3) would make more calls behind the signal
        act();
        ::kill(self, SIGSTOP);
        ::_exit(0);
    }
    int status = 0;
    const auto wait = [&] { return ::waitpid(child, &status, 0) == child && WIFSTOPPED(status); };
    constexpr int kCall = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
    bool killed = false;
    if (wait()) {
        ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
        int stops = 0;  // two for each call, where it begins and where it ends
        while (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0 && wait()) {
            if (WSTOPSIG(status) == SIGSTOP) break;  // `act` returned
            if (WSTOPSIG(status) != kCall || stops++ != 2 * call) continue;
            killed = true;
            break;
        }
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return killed;
}

}  // namespace bulkhead::test
