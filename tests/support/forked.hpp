// Runs something in a child of its own, for what a process can do to itself only once.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

// "exit N" or "signal N", and before it whatever `act` returned: "" is a clean exit.
// `act` returns words instead of using EXPECT: the child's failures would be lost with it.
inline std::string forked(const std::function<std::string()>& act) {
    auto pipe = sys::make_pipe().value();
    const pid_t child = ::fork();
    if (child == 0) {
        const auto words = act();
        // After a seccomp filter this may be forbidden; then the end of the child says so.
        if (!words.empty()) static_cast<void>(sys::write_all(pipe.write, as_bytes(words)));
        ::_exit(0);
    }
    pipe.write.reset();
    auto words = sys::read_to_end(pipe.read, 1 << 16).value_or("unreadable");
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) words += "signal " + std::to_string(WTERMSIG(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        words += "exit " + std::to_string(WEXITSTATUS(status));
    }
    return words;
}

}  // namespace bulkhead::test
