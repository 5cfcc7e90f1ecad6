// Child: a process that root has made, with one owner who kills and reaps it.
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
    // Like fork(2), with flags of clone3(2) and in a cgroup (Linux 5.7) if `cgroup` is not -1.
    // There `act` runs, and must not return; no signal is blocked, ignored or handled.
    static Result<Child> start(std::uint64_t flags, int cgroup, const std::function<void()>& act);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    // Kills and reaps, unless it was reaped.
    ~Child();

    pid_t pid() const { return pid_; }
    // Readable when it has ended (pidfd_open(2)).
    const sys::Fd& pidfd() const { return pidfd_; }
    void kill() const;

    struct Ended {
        int status = 0;  // as waitpid(2) has it
        rusage usage{};
    };
    // Waits for its end; once.
    Ended reap();

  private:
    Child(pid_t pid, sys::Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    pid_t pid_;
    sys::Fd pidfd_;
};

// What `act` says, done by a child and waited for: for what a process can do to itself only once.
Result<> in_child(const std::function<Result<>()>& act);
// The same, of 60 KiB of text at most.
Result<std::string> ask_child(const std::function<Result<std::string>()>& act);

}  // namespace bulkhead::sandbox
