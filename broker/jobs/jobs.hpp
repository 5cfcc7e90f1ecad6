// Every job whose result the backend has not confirmed: running, ending, or waiting to be reported.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <span>

#include "broker/jobs/cgroup.hpp"
#include "broker/jobs/job_process.hpp"
#include "broker/jobs/pipe_store.hpp"
#include "broker/records/audit.hpp"
#include "broker/records/ledger.hpp"
#include "common/protocol/requests.hpp"
#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

// How long a job may take to leave after SIGTERM.
inline constexpr std::chrono::seconds kGrace{10};
// The exit status by which a job of root's asks for a restart of the host.
inline constexpr int kRebootExit = 194;
inline constexpr unsigned kMaxRunning = 16;
// Bytes that each of a job's pipes holds. Root passes the read ends on and never reads them.
inline constexpr int kPipeBytes = 1 << 20;

// In the words of audit log and status: "timed-out".
std::string_view name_of(protocol::JobOutcome outcome);

class PreparedViews;

class Jobs {
  public:
    using OnEnd = std::function<void(JobNumber, const protocol::JobEnd&)>;

    Jobs(sys::Loop& loop, const CgroupTree& cgroups, records::Ledger& ledger, records::Audit& audit,
         const sys::Log& log, OnEnd ended, const KeptJobs* kept = nullptr,
         PipeStore* store = nullptr, PreparedViews* views = nullptr)
        : kept_(kept),
          store_(store),
          views_(views),
          loop_(loop),
          cgroups_(cgroups),
          ledger_(ledger),
          audit_(audit),
          log_(log),
          ended_(std::move(ended)) {}
    ~Jobs();
    // Called with a job that asks for a restart of the host, before its end is on disk; and after
    // each end and each acknowledgement.
    void watch(std::function<void(JobNumber)> reboot_asked, std::function<void()> changed) {
        reboot_asked_ = std::move(reboot_asked);
        changed_ = std::move(changed);
    }

    // CgroupTree::absent(): no job can start here.
    const std::string& uncontained() const { return cgroups_.absent(); }

    // A job of an earlier broker that has ended and is not reported. Its pipes are gone unless the
    // service manager kept them.
    void adopt(const records::Unreported& left);

    // What a start needs that may not be had: call it before the start is decided. An error when
    // the ledger has no room for the job's records, on disk too.
    struct Pipes {
        sys::Pipe out, err;
    };
    Result<Pipes> prepare(const JobPlan& plan) const;
    // Records STARTED, and makes the process while the disk writes that; nothing of the job runs
    // before the record and its verdict are on disk. With the record the job counts as started
    // whatever happens: a failure is its end, and reported as such.
    Result<JobNumber> start(Pipes pipes, const JobPlan& plan, records::Start record,
                            std::chrono::seconds timeout);

    // A job of an earlier run that waits for the host to restart: its worker takes it for running.
    void wait(const records::Unreported& job);
    // Runs a waiting job again under its number. Its KeptJob must be removed from the disk before.
    void resume(JobNumber number, const JobPlan& plan, std::chrono::seconds timeout);
    // Ends jobs that wait for a restart as interrupted: all of them, or one.
    void give_up_waiting(std::string_view why);
    void give_up(JobNumber number, std::string_view why);

    // The backend it came from; empty if there is no such job.
    std::string_view backend_of(JobNumber number) const;
    // What the ledger has of its start; there must be such a job.
    const records::Start& start_of(JobNumber number) const { return entries_.at(number).start; }
    // Those that run or wait for a restart of the host.
    std::vector<JobNumber> unended() const;
    bool is_of(JobNumber number, std::string_view backend) const {
        return entries_.contains(number) && backend_of(number) == backend;
    }
    // False if no such job runs or waits. `reason` is a code, `detail` a sentence.
    bool cancel(JobNumber number, std::string_view reason = "cancelled",
                std::string_view detail = "");
    bool acknowledge(JobNumber number);
    // SIGTERM to all, the grace time, then SIGKILL.
    void stop_all(const char* reason);
    // The same to those that `revoked` holds for, which count as cancelled, "job-revoked". Those
    // that wait for a restart of the host are given up. Each is recorded.
    void end_revoked(const std::function<bool(const records::Start&)>& revoked);

    // How many jobs run: of one profile, or of all.
    unsigned running(std::string_view profile = "") const;
    // Whether one of `backends` backends may have one job more. Room for one running job and two
    // results that are not yet reported is kept free for each of the others.
    bool has_room(std::string_view backend, std::size_t backends) const;
    bool any_waits() const {
        return std::ranges::any_of(entries_, [](const auto& one) { return one.second.waiting; });
    }
    // What a job runs without on this host, or does not see.
    const protocol::Remarks& remarks(JobNumber number) const { return entries_.at(number).remarks; }
    std::size_t unreported() const { return entries_.size(); }
    // Whether a job that asked for a restart has a result that its backend does not have yet.
    bool owes_result_before_reboot() const;
    // For that backend's worker: descriptors are duplicates.
    Result<std::vector<protocol::UnreportedJob>> list(std::string_view backend) const;
    // Those of backends that are none of `backends`.
    std::vector<JobNumber> of_others(std::span<const std::string> backends) const;
    // The job has ended and waits for its AckJob.
    bool has_ended(JobNumber number) const {
        return entries_.contains(number) && entries_.at(number).end.has_value();
    }
    Result<std::pair<sys::Fd, sys::Fd>> pipes(JobNumber number) const;

  private:
    struct Running {
        JobProcess process;
        Cgroup cgroup;
        sys::Clock::time_point began;
        sys::TimerId timer;
        std::string reboot_mark;
        protocol::JobEnd end;  // outcome and reason are set before the kill that they explain
        bool over = false;     // the job itself has ended; what it left behind is being ended
        std::optional<JobStatus> status;  // once the first process has ended
    };
    struct Entry {
        records::Start start;
        std::optional<KeptJob> kept;
        bool waiting = false;
        bool resumed = false;
        protocol::Remarks remarks;
        std::uint8_t runs = 0;  // as in UnreportedJob
        sys::Fd out;            // both: of the last run; none if lost with an earlier broker
        sys::Fd err;
        std::optional<protocol::JobEnd> end;
        std::unique_ptr<Running> running;
        std::string script{};  // the file of a job without a view, while it runs
    };

    Entry& inherit(const records::Unreported& job, std::uint8_t runs);
    void finish_later(JobNumber number, protocol::JobEnd end);
    // The process, which waits for let_run().
    Result<> spawn(JobNumber number, const JobPlan& plan, Pipes pipes);
    void let_run(JobNumber number, const JobPlan& plan, Result<> spawned,
                 std::chrono::seconds timeout);
    Result<> watch(JobNumber number, const JobPlan& plan);
    void withdraw(JobNumber number);
    void end_early(JobNumber number, protocol::JobOutcome outcome, std::string_view reason,
                   std::string_view detail = "");
    void on_report(JobNumber number);
    void job_is_over(Running& running);
    void on_first_process_ended(JobNumber number);
    void finish_if_empty(JobNumber number);
    bool asks(const Running& running, protocol::JobEnd& end) const;
    Result<> suspend(JobNumber number, Entry& entry, const protocol::JobEnd& end);
    void finish(JobNumber number, Entry& entry, const protocol::JobEnd& end);

    const KeptJobs* kept_;  // none: no job goes on after a restart
    PipeStore* store_;      // none: pipes end with this process
    PreparedViews* views_;  // none: each job's view is made when it starts
    sys::Loop& loop_;
    const CgroupTree& cgroups_;
    records::Ledger& ledger_;
    records::Audit& audit_;
    const sys::Log& log_;
    OnEnd ended_;
    std::function<void(JobNumber)> reboot_asked_ = [](JobNumber) {};
    std::function<void()> changed_ = [] {};
    std::map<JobNumber, Entry> entries_;
};

}  // namespace bulkhead::broker
