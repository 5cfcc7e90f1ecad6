// A job's processes: started under its profile in its own cgroup, and what became of them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "broker/child.hpp"
#include "broker/jobs/cgroup.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

// Everything the child needs, made before it exists: the child only makes system calls.
struct JobPlan {
    std::string interpreter;
    sys::Fd script;  // sealed memfd of the very bytes that were verified
    std::vector<std::string> environment;
    sandbox::Identity identity;
    policy::Profile profile;
    sandbox::Filter filter;
    int landlock_abi = 0;
    // Where the cgroup controllers are missing; they count differently, by process and by user.
    bool limit_memory_by_process = false;
    bool limit_pids_by_user = false;
    bool merged = false;  // standard error goes where standard output goes
};

Result<JobPlan> make_plan(const policy::Profile& profile, const sandbox::Filter& filter,
                          int landlock_abi);

// How the first process ended, or the step before exec that failed.
inline constexpr int kDiffersExit = 126;
struct JobStatus {
    int wait_status = 0;      // of the interpreter, as waitpid(2) has it
    std::string failed_step;  // empty: the interpreter ran
    std::uint64_t max_rss_bytes = 0;
    // The step was made, and read back it was not as it should be.
    bool differs() const { return !failed_step.empty() && wait_status >> 8 == kDiffersExit; }
};

// Ends with its owner.
class JobProcess {
  public:
    // The pipes' write ends are given to the child and closed here.
    static Result<JobProcess> spawn(const JobPlan& plan, const Cgroup& cgroup, sys::Fd out,
                                    sys::Fd err);

    // Readable when the first process has ended.
    const sys::Fd& pidfd() const { return child_.pidfd(); }
    void kill() const { child_.kill(); }
    // Reaps it; once, after pidfd became readable.
    Result<JobStatus> reap();

  private:
    JobProcess(Child child, sys::Fd report)
        : child_(std::move(child)), report_(std::move(report)) {}
    Child child_;
    sys::Fd report_;  // the child's last words before exec
};

}  // namespace bulkhead::broker
