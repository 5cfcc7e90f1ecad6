// A cgroup (v2) for each job: limits, resource usage, and a way to kill all of its processes.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/policy/policy.hpp"
#include "common/policy/wall.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

// One job's cgroup; removed by the destructor, which kills what is still in it.
class Cgroup {
  public:
    Cgroup(Cgroup&&) = default;
    Cgroup& operator=(Cgroup&&) = delete;
    ~Cgroup();

    // For clone3(CLONE_INTO_CGROUP), Linux 5.7.
    int fd() const { return dir_.fd(); }
    // Readable state of cgroup.events; EPOLLPRI when it changes.
    const sys::Fd& events() const { return events_; }
    Result<bool> populated() const;
    // An error when the calling process is not in it, although clone3(2) succeeded.
    Result<> require_caller() const;

    // Controllers that hold what is in it: set, and read back.
    policy::WallSet limited() const { return limited_; }

    // Processes that are not exiting, of this cgroup and of those that the job made beneath it.
    std::vector<pid_t> processes() const;

    // SIGTERM to every process in it. They are frozen meanwhile, if that takes no longer than 0.2
    // s, so that no pid is reused.
    Result<> terminate() const;
    // SIGKILL to the whole tree at once: cgroup.kill (Linux 5.14), else one by one.
    Result<> kill() const;

    struct Usage {
        std::uint64_t cpu_us = 0;
        std::uint64_t peak_bytes = 0;  // 0 without the memory controller or before Linux 5.19
        bool oom_killed = false;
    };
    Usage usage() const;

  private:
    friend class CgroupTree;
    Cgroup(sys::Dir parent, std::string name, std::string end, sys::Dir dir, sys::Fd events)
        : parent_(std::move(parent)),
          name_(std::move(name)),
          end_(std::move(end)),
          dir_(std::move(dir)),
          events_(std::move(events)) {}
    Result<> freeze() const;
    Result<> signal_each(int signal) const;

    sys::Dir parent_;
    std::string name_;
    std::string end_;  // of its path in /proc/PID/cgroup
    sys::Dir dir_;
    sys::Fd events_;
    policy::WallSet limited_;
};

// This agent's place in the host's cgroup tree: <own>/bulkhead-<label>/{agent,jobs}, and one of its
// own for each confined process.
class CgroupTree {
  public:
    // Moves this process into agent/ and offers memory, pids and cpu to jobs/ where the host
    // delegates them. What an earlier run of the same label left elsewhere is killed. On a host
    // without cgroup2, or in a container that may not write to it, the tree is absent.
    static Result<CgroupTree> create(const std::string& label);
    CgroupTree(CgroupTree&&) = default;
    CgroupTree& operator=(CgroupTree&&) = delete;
    ~CgroupTree();

    // Where the confined process of that name runs ("worker-main"), within these limits; the limits
    // are set anew if it is there already. Of an absent tree a handle that is no directory (-1).
    Result<sys::Dir> make(const std::string& name, const policy::Limits& limits) const;
    // Removes the cgroup of that name if no process is in it. What it is charged for counts for
    // those above it from then on.
    void remove(const std::string& name) const;
    // An error when the process `pid`, not reaped yet, is not in the cgroup of that name.
    Result<> require_in(const std::string& name, pid_t pid) const;
    Result<Cgroup> make(JobNumber number, const policy::Limits& limits) const;
    // Controllers that jobs cannot be limited by on this host.
    policy::WallSet missing() const { return missing_; }
    // Why the tree is absent, so that no job can be contained; empty if it is there.
    const std::string& absent() const { return absent_; }

  private:
    explicit CgroupTree(std::string absent) : absent_(std::move(absent)) {}
    CgroupTree(sys::Dir base, std::string name, sys::Dir own, sys::Dir jobs,
               policy::WallSet missing)
        : base_(std::move(base)),
          name_(std::move(name)),
          own_(std::move(own)),
          jobs_(std::move(jobs)),
          missing_(missing) {}

    sys::Dir base_ = sys::Dir::from({});
    std::string name_;
    sys::Dir own_ = sys::Dir::from({});
    sys::Dir jobs_ = sys::Dir::from({});
    policy::WallSet missing_{policy::Wall::cgroup_memory, policy::Wall::cgroup_pids,
                             policy::Wall::cgroup_cpu};
    std::string absent_;
};

}  // namespace bulkhead::broker
