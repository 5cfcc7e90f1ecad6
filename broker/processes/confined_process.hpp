// A child of the broker's that runs another program as an unprivileged user: started by fork and
// exec from a descriptor, with ids, capabilities and limits set before exec, and checked from
// outside before it is granted anything. Workers and the config reader are such processes.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/link/channel.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

// All that a confined process is made of; limits and umask come from its profile.
struct ProcessPlan {
    std::string name;                    // in the log: "worker/main"
    int program = -1;                    // of open_program(), borrowed
    std::vector<std::string> arguments;  // argv[0] first
    std::vector<std::string> environment;
    sandbox::User user;
    std::uint64_t capabilities = 0;  // a mask; the loader alone has any
    policy::Limits limits;
    unsigned umask = 077;
    bool network = true;    // the host's; false: a network of its own, with nothing in it
    bool own_view = false;  // in a mount namespace of its own, for close_view()
    // RLIMIT_NPROC in place of the pids controller. It counts every thread of the user's, also
    // those outside of this process (setrlimit(2)).
    bool limit_threads_by_user = false;
    int cgroup = -1;  // borrowed; -1: the caller's
};

// A regular file of root's that nobody else can write.
Result<sys::Fd> open_program(const std::string& path, std::string_view what = "worker program");
// The environment for the config reader: that of this process, which may hold settings, without the
// variables that steer the loader, the allocator or TLS, and those of sd_notify(3) and the like.
std::vector<std::string> environment_for_settings();
// The environment for a worker, which is given its settings: language and time zone, and what keeps
// a library from preparing itself that is loaded and never called.
std::vector<std::string> environment_for_network();

// The destructor kills and reaps the process.
class ConfinedProcess {
  public:
    static Result<ConfinedProcess> spawn(const ProcessPlan& plan);
    const sys::Fd& pidfd() const { return child_.pidfd(); }
    const link::Channel& channel() const { return channel_; }
    pid_t pid() const { return child_.pid(); }
    // The read end, non-blocking, of what the process writes to standard output and error.
    const sys::Fd& output() const { return output_; }
    // Whoever closes it closes what is unread in it.
    sys::Fd take_channel() { return std::exchange(channel_, link::Channel(sys::Fd())).take(); }

    // Once, when it has read what it needs and before it meets anybody: from now on it sees `rows`
    // of the host's files. Nothing to do without a mount namespace of its own.
    Result<> close_view(std::span<const policy::PathRule> rows);
    // The procfs mount that close_view() will give it, or -1 for the host's.
    int proc() const { return proc_.get(); }
    // Ids, groups, capabilities, no_new_privs and seccomp as /proc/PID/status shows them.
    Result<> require_confined() const;
    void kill() const { child_.kill(); }
    // The status of waitpid(2); once, after pidfd became readable or after kill().
    int reap() { return child_.reap().status; }

  private:
    ConfinedProcess(sandbox::Child child, link::Channel channel, sys::Fd output,
                    const ProcessPlan& plan)
        : child_(std::move(child)),
          channel_(std::move(channel)),
          output_(std::move(output)),
          user_(plan.user),
          capabilities_(plan.capabilities) {}
    sandbox::Child child_;
    link::Channel channel_;
    sys::Fd output_;
    sandbox::User user_;
    std::uint64_t capabilities_ = 0;
    sys::Fd mounts_;  // its mount namespace, until the view is closed
    sys::Fd proc_;    // and what /proc will be then
};

}  // namespace bulkhead::broker
