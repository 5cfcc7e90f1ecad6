// Child: a child process of the broker. The object kills and reaps it.
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

class Child {
  public:
    // Starts a child as fork(2) does, with `flags` of clone3(2), and in the cgroup whose directory
    // is open as `cgroup` (CLONE_INTO_CGROUP, Linux 5.7), or in the caller's if it is -1. The child
    // begins with the caller's permitted capabilities in effect and no signal blocked, ignored or
    // handled. It calls `act`, which must not return; if it does, the child exits with status 127.
    // Errors carry errno in `code`.
    static Result<Child> start(std::uint64_t flags, int cgroup, const std::function<void()>& act);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    // Kills the child with SIGKILL and waits for its end, unless reap() has done so: half a second
    // at most, for one that sleeps in the kernel (state D of proc(5)) ends when that is over.
    ~Child();

    pid_t pid() const { return pid_; }
    // Becomes readable when the child has ended (pidfd_open(2)).
    const sys::Fd& pidfd() const { return pidfd_; }
    void kill() const;  // SIGKILL

    struct Ended {
        int status = 0;  // the wait status of waitpid(2)
        rusage usage{};  // of the child (getrusage(2))
    };
    // Waits for the child's end. Call it at most once.
    Ended reap();

  private:
    Child(pid_t pid, sys::Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    pid_t pid_;
    sys::Fd pidfd_;
};

// Runs `act` in a child, waits for it and returns its result: for steps that a process cannot take
// back. Of an error only the text is kept.
Result<> in_child(const std::function<Result<>()>& act);
// As in_child(), with a result of at most 60 KiB of text; the rest is cut off.
Result<std::string> ask_child(const std::function<Result<std::string>()>& act);

}  // namespace bulkhead::sandbox
