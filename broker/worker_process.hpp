// The worker as the broker sees it: started by fork and exec from a descriptor opened at start,
// stripped on the way, and checked from outside before it is granted anything.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "common/link/channel.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

struct WorkerProgram {
    sys::Fd file;
    std::vector<std::string> arguments;  // argv[0] first
    std::vector<std::string> environment;
    sandbox::User user;
    bool own_view = false;  // in a mount namespace of its own
    // Where no cgroup counts them. Such a limit counts whatever else has this user's number.
    bool limit_threads_by_user = false;

    // A regular file of root's that nobody else can write.
    static Result<WorkerProgram> open(const std::string& path,
                                      const std::vector<std::string>& arguments,
                                      sandbox::User user);
};

// Ends with its owner.
class WorkerProcess {
  public:
    // In that cgroup, or in the caller's if it is -1.
    static Result<WorkerProcess> spawn(const WorkerProgram& program, int cgroup = -1);
    const sys::Fd& pidfd() const { return child_.pidfd(); }
    const link::Channel& channel() const { return channel_; }
    pid_t pid() const { return child_.pid(); }

    // Once, when it has read the files that agent.yaml names and before it meets anybody: from now
    // on it sees `rows` of the host's files. Nothing to do without a mount namespace of its own.
    Result<> close_view(std::span<const policy::PathRule> rows);
    // The /proc it will see then, or -1 for the host's.
    int proc() const { return proc_.get(); }
    // Ids, groups, capabilities, no_new_privs and seccomp as /proc/PID/status shows them.
    Result<> require_confined(const sandbox::User& user) const;
    void kill() const { child_.kill(); }
    // The status of waitpid(2); once, after pidfd became readable or after kill().
    int reap() { return child_.reap().status; }

  private:
    WorkerProcess(sandbox::Child child, link::Channel channel)
        : child_(std::move(child)), channel_(std::move(channel)) {}
    sandbox::Child child_;
    link::Channel channel_;
    sys::Fd mounts_;  // its mount namespace, until the view is closed
    sys::Fd proc_;    // and what /proc will be then
};

}  // namespace bulkhead::broker
