// forked(): runs a function in a child process, for effects that a process cannot undo.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

// Returns what `act` returned, followed by "exit N" unless N is 0, or by "signal N". `act` returns
// text instead of using EXPECT, because a failure recorded in the child is lost when it ends.
inline std::string forked(const std::function<std::string()>& act) {
    auto pipe = sys::make_pipe().value();
    const pid_t child = ::fork();
    if (child == 0) {
        const auto words = act();
        // A seccomp filter of `act` may forbid this; then the child's exit status shows it.
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
