// Fetching jobs, asking the broker to run them, and seeing each one reported.
#pragma once
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "worker/duties/duty_trouble.hpp"
#include "worker/duties/early_jobs.hpp"
#include "worker/duties/job_report.hpp"
#include "worker/duties/telemetry.hpp"
#include "worker/state/refusal_store.hpp"
#include "worker/state/spool/spool.hpp"

namespace bulkhead::worker {

class JobDuty {
  public:
    struct Callbacks {
        std::function<void()> settled;  // one job or refusal less to report
        // In a run that ends: nothing is left to fetch and to report, or fetching failed.
        std::function<void(bool sent)> finished;
        // A job started, ended or was refused; of those that an earlier worker left, the end.
        std::function<void(const JobEvent&)> happened = [](const JobEvent&) {};
        // After hold(true): no fetch is under way, and no job that was fetched waits to be started.
        std::function<void()> held = [] {};
    };

    JobDuty(const DutyContext& context, const JobDialect& dialect, const JobsConfig& settings,
            BrokerClient& broker, Spool& spool, const RefusalStore& refusals,
            const SystemInfo& system, Callbacks callbacks);

    void start();
    void pause();
    // Fetches no further jobs; those that run are reported to their end.
    void drain();
    // Fetches no further jobs for the time being: they stay queued at the backend. What was fetched
    // is started all the same.
    void hold(bool held);
    // Ends all that runs.
    void cancel_all();
    void heartbeat_accepted();

    // Drops what belongs to an earlier enrolment: refusals, and what runs or waits to be reported,
    // which runs to its end and is not told to this one.
    void forget_all();
    // The mark of the enrolment that deliveries belong to (EnrolmentRecord::mark). The broker is
    // told their ids with it, "ID@MARK", so that root takes those of another enrolment for others;
    // where that is longer than a Label, "sha256:HEX@MARK".
    void belongs_to(std::string mark) { mark_ = std::move(mark); }

    // What an earlier worker left. Refusals are sent when the duty starts.
    void adopt(protocol::UnreportedJob job);
    void adopt(KeptRefusal refusal);
    bool exited(const protocol::JobExited& exited);

    bool idle() const { return unreported() == 0; }
    std::vector<DeliveryId> running_ids() const;
    std::uint64_t unreported() const {
        return reports_.size() + pending_spools_.size() + refusals_.size() + early_.size();
    }
    void describe(JsonWriter& json) const;
    // What stands between this duty, or the reports of its jobs, and the next success.
    void tell(std::vector<Trouble>& all) const;

  private:
    struct Refusal {
        KeptRefusal what;
        Backoff backoff;
        std::optional<RequestId> request;
    };

    // A job whose spool directory could not be made yet, because the disk is full.
    struct PendingSpool {
        JobNumber number;
        SpoolLabel label;
        JobPipes pipes;
        std::string rule;
        std::optional<protocol::JobEnd> end;
        std::string remarks;      // set together with `end`
        bool of_another = false;  // enrolment: nobody is to be told
    };

    bool wants_another() const;
    void poll();
    void poll_after(std::chrono::milliseconds delay);
    void on_news(Answer<JobNews> answer);
    void cancel(const DeliveryId& id);
    void accept(JobOffer offer);
    Result<std::optional<protocol::StartReply>> ask_broker(const JobOffer& offer);
    void ask(JobOffer offer, unsigned asked);
    void ask_again(EarlyJob job);
    void refuse_early(std::vector<EarlyJob> jobs);
    void on_admitted(const JobOffer& offer, protocol::StartReply reply);
    void start_report(const std::shared_ptr<PendingSpool>& job);
    void on_reported(JobNumber number);
    void refuse(const DeliveryId& id, std::string reason, std::string detail, std::string rule);
    void refuse(KeptRefusal what);
    void tell_end(const DeliveryId& id, const protocol::JobEnd& end) const;
    void keep(const KeptRefusal& what);
    bool forget(const DeliveryId& id);
    void send_refusal(std::list<Refusal>::iterator refusal);
    void forget_refusal(std::list<Refusal>::iterator refusal);
    void poll_again();
    void tell_held();
    DeliveryId as_told(const DeliveryId& id) const;
    std::optional<DeliveryId> of_told(JobNumber number, const std::string& told) const;

    const DutyContext& context_;
    const JobDialect& dialect_;
    const JobsConfig& settings_;
    BrokerClient& broker_;
    Spool& spool_;
    const RefusalStore& refusal_store_;
    const SystemInfo& system_;
    Callbacks callbacks_;
    Backoff backoff_;
    bool open_ = false;  // false until the identity is there
    bool started_ = false;
    bool draining_ = false;
    bool held_ = false;
    bool held_told_ = false;
    std::optional<RequestId> polling_;
    std::optional<sys::TimerId> next_poll_;
    std::map<JobNumber, std::unique_ptr<JobReport>> reports_;
    std::map<JobNumber, std::shared_ptr<PendingSpool>> pending_spools_;  // while the disk is full
    std::list<Refusal> refusals_;
    EarlyJobs early_;
    std::string mark_;
    DutyTrouble trouble_;
};

}  // namespace bulkhead::worker
