// The worker as the broker sees it: started by fork and exec from a descriptor opened at start,
// stripped on the way, and checked from outside before it is granted anything.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "common/link/channel.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

struct WorkerProgram {
    sys::Fd file;
    std::vector<std::string> arguments;  // argv[0] first
    std::vector<std::string> environment;
    sandbox::User user;

    // A regular file of root's that nobody else can write.
    static Result<WorkerProgram> open(const std::string& path,
                                      const std::vector<std::string>& arguments,
                                      sandbox::User user);
};

class WorkerProcess {
  public:
    static Result<WorkerProcess> spawn(const WorkerProgram& program);
    WorkerProcess(WorkerProcess&& other) noexcept;
    WorkerProcess& operator=(WorkerProcess&&) = delete;
    // Kills and reaps.
    ~WorkerProcess();

    const sys::Fd& pidfd() const { return pidfd_; }
    const link::Channel& channel() const { return channel_; }
    pid_t pid() const { return pid_; }

    // Ids, groups, capabilities, no_new_privs and seccomp as /proc/PID/status shows them.
    Result<> require_confined(const sandbox::User& user) const;
    void kill() const;
    // The status of waitpid(2); once, after pidfd became readable or after kill().
    int reap();

  private:
    WorkerProcess(pid_t pid, sys::Fd pidfd, link::Channel channel)
        : pid_(pid), pidfd_(std::move(pidfd)), channel_(std::move(channel)) {}
    pid_t pid_;
    sys::Fd pidfd_;
    link::Channel channel_;
};

}  // namespace bulkhead::broker
