// A child of the broker's that is another program and nobody: started by fork and exec from a
// descriptor, stripped on the way, and checked from outside before it is granted anything. A
// backend's worker is one, the config reader another.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/link/channel.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

// All that makes one. Its numbers come from its profile.
struct ProcessPlan {
    std::string name;                    // in the log: "worker/main"
    int program = -1;                    // of open_program(), borrowed
    std::vector<std::string> arguments;  // argv[0] first
    std::vector<std::string> environment;
    sandbox::User user;
    policy::Limits limits;
    unsigned umask = 077;
    bool network = true;    // the host's; false: a network of its own, with nothing in it
    bool own_view = false;  // in a mount namespace of its own, for close_view()
    // Where no cgroup counts them. Such a limit counts whatever else has this user's number.
    bool limit_threads_by_user = false;
    int cgroup = -1;  // borrowed; -1: the caller's
};

// A regular file of root's that nobody else can write.
Result<sys::Fd> open_program(const std::string& path);
// Of this process's environment, what may go to a child: the service manager's words may hold
// settings, but what steers the loader, the allocator or TLS, and its own protocol, stays here.
std::vector<std::string> environment_for_settings();
// Of that, what a process that was given its settings still needs: proxies, language, time zone.
std::vector<std::string> environment_for_network();

// Ends with its owner.
class ConfinedProcess {
  public:
    static Result<ConfinedProcess> spawn(const ProcessPlan& plan);
    const sys::Fd& pidfd() const { return child_.pidfd(); }
    const link::Channel& channel() const { return channel_; }
    pid_t pid() const { return child_.pid(); }

    // Once, when it has read what it needs and before it meets anybody: from now on it sees `rows`
    // of the host's files. Nothing to do without a mount namespace of its own.
    Result<> close_view(std::span<const policy::PathRule> rows);
    // The /proc it will see then, or -1 for the host's.
    int proc() const { return proc_.get(); }
    // Ids, groups, capabilities, no_new_privs and seccomp as /proc/PID/status shows them.
    Result<> require_confined() const;
    void kill() const { child_.kill(); }
    // The status of waitpid(2); once, after pidfd became readable or after kill().
    int reap() { return child_.reap().status; }

  private:
    ConfinedProcess(sandbox::Child child, link::Channel channel, sandbox::User user)
        : child_(std::move(child)), channel_(std::move(channel)), user_(user) {}
    sandbox::Child child_;
    link::Channel channel_;
    sandbox::User user_;
    sys::Fd mounts_;  // its mount namespace, until the view is closed
    sys::Fd proc_;    // and what /proc will be then
};

}  // namespace bulkhead::broker
