// A job's processes: started under its profile in its own cgroup, and what became of them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "broker/jobs/cgroup.hpp"
#include "broker/jobs/kept_job.hpp"
#include "broker/jobs/path_param.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/seccomp.hpp"
#include "common/sys/fd.hpp"
#include "common/view/user_space.hpp"

namespace bulkhead::broker {

struct PreparedView;

// Everything the child needs, made before it exists: the child only makes system calls.
struct JobPlan {
    std::string interpreter;
    std::vector<std::string> arguments;  // of the #! line; they stand before the script
    sys::Fd script;                      // sealed memfd of the very bytes that were verified
    std::string script_name;             // of the file it becomes: the job's id
    std::string script_directory;  // root's, for jobs without a view; else it lies in the view
    std::string mount_points;      // see view::JobViewPlan
    std::vector<std::string> environment;
    std::vector<PathParam> paths;  // parameters whose values must not lead out of their prefix
    sandbox::ProcessIds ids;
    policy::Profile profile;
    sandbox::Filter filter;
    int landlock_abi = 0;
    std::optional<view::IdMap> user_space;
    policy::WallSet controllers;  // the cgroup controllers that hold it on this host
    // Rlimits in place of missing cgroup controllers: RLIMIT_AS counts by process, RLIMIT_NPROC by
    // user (setrlimit(2)).
    bool limit_memory_by_process = false;
    bool limit_pids_by_user = false;
    bool merged = false;  // standard error goes where standard output goes
    // The init of a pid namespace waits to be killed after its job has ended: at its exit the
    // kernel kills all others in the namespace (pid_namespaces(7)), and they could not be counted.
    bool init_stays = false;
    // Where a job of root's may leave a file to ask for a restart of the host; empty: it may not
    // ask.
    std::string reboot_mark;
    std::optional<KeptJob> kept;       // of a job that goes on after the restart that it asks for
    std::vector<std::string> remarks;  // what the profile runs without here, or does not see
};

Result<JobPlan> make_plan(const policy::Profile& profile, const sandbox::Filter& filter,
                          int landlock_abi);
// The walls that must be raised before such a job runs; if one is missing it does not.
policy::WallSet walls_of(const JobPlan& plan);
// The environment of an account: HOME, USER, LOGNAME, SHELL, and what is the same for all. Where
// the job finds no home of its account's, it has one of its own; never "/".
std::vector<std::string> account_environment(const policy::Profile& profile,
                                             const sandbox::Account& account);

// Makes the view and the ruleset of such a job once, in a child. An error says why this host
// cannot; else sentences on what its jobs will not find in their view.
Result<std::vector<std::string>> try_job(const JobPlan& plan);

// How the first process ended, or the step before exec that failed.
inline constexpr int kDiffersExit = 126;
inline constexpr int kLeadsOutExit = 125;
struct JobStatus {
    int wait_status = 0;               // of the interpreter, as waitpid(2) has it
    std::string failed_step;           // empty: the interpreter ran
    std::vector<std::string> remarks;  // sentences: what was left out of its view
    std::uint64_t max_rss_bytes = 0;
    // The system call succeeded, but the value read back is not the one that was set.
    bool differs() const { return failed_with(kDiffersExit); }
    // A parameter is a path that leads out of its prefix: see require_beneath().
    bool leads_out() const { return failed_with(kLeadsOutExit); }
    bool failed_with(int code) const { return !failed_step.empty() && wait_status >> 8 == code; }
};

// The destructor kills and reaps the first process.
class JobProcess {
  public:
    // The pipes' write ends are given to the child and closed here. `script` is the file for a job
    // without a view; it is the caller's to remove.
    // The process comes as far as execve(2), all its walls raised, and waits there for let_go().
    // Nothing of the job has run if that is never called.
    // A prepared view is for this job alone: what the job writes in it is seen by who comes next.
    static Result<JobProcess> spawn(const JobPlan& plan, const Cgroup& cgroup, sys::Fd out,
                                    sys::Fd err, const std::string& script = "",
                                    const PreparedView* prepared = nullptr);

    void let_go();

    // Readable when the first process has ended.
    const sys::Fd& pidfd() const { return child_.pidfd(); }
    pid_t pid() const { return child_.pid(); }
    // Readable when there is a line to read. An init that stays tells here that its job has ended.
    const sys::Fd& report() const { return report_; }
    bool job_has_ended();
    void kill() const { child_.kill(); }
    // Reaps it; once, after pidfd became readable.
    Result<JobStatus> reap();

  private:
    JobProcess(sandbox::Child child, sys::Fd report, sys::Pipe go)
        : child_(std::move(child)), report_(std::move(report)), go_(std::move(go)) {}
    sandbox::Child child_;
    void hear();
    sys::Fd report_;     // read end of the pipe for report lines
    std::string words_;  // what was read from it
    sys::Pipe go_;       // both ends, so that writing raises no SIGPIPE; none after let_go()
};

}  // namespace bulkhead::broker
