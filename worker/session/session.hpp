// The backend and us: who we are to it, its connections, and the duties that hang on it.
#pragma once
#include <bitset>
#include <memory>
#include <optional>
#include <string>

#include "common/sys/clock.hpp"
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/duties/enroll_duty.hpp"
#include "worker/duties/findings_duty.hpp"
#include "worker/duties/heartbeat_duty.hpp"
#include "worker/duties/inventory_duty.hpp"
#include "worker/duties/job_duty.hpp"
#include "worker/session/reloaded_files.hpp"

namespace bulkhead::worker {

// What a session uses; all of it outlives the session.
struct SessionInputs {
    sys::Loop& loop;
    BrokerClient& broker;
    const Config& config;  // the session is with its first backend
    const sys::Log& log;
    const CredentialStore& credentials;
    Spool& spool;
    const InventoryStore& inventory;
    const RefusalStore& refusals;
    const ProcFiles& proc;
    const sys::Fd& disk;  // a file of the host's root file system, for its figures
    const HostFacts& facts;
    RunOptions run;
    Random random = system_random();
    CollectInventory collect = &collect_inventory;
    std::function<UnixTime()> now = &sys::now;
};

class Session {
  public:
    struct Callbacks {
        std::function<void()> refresh_facts;      // cheap: reads files only when there is news
        std::function<void()> job_settled;        // one job or refusal less to report
        std::function<void(const Error&)> fatal;  // see DutyContext
        // Called once, in a run that ends: whether all of it was sent.
        std::function<void(bool sent)> finished;
    };

    // What may fail in making a session.
    struct Parts {
        SessionInputs inputs;
        std::unique_ptr<const Dialect> dialect;
        HttpClient client;
        std::optional<MetricsReader> metrics;  // where the dialect has heartbeats
        std::vector<KeptRefusal> refusals;     // of an earlier worker, not reported yet
    };
    static Result<Parts> prepare(const SessionInputs& inputs);

    Session(Parts parts, Callbacks callbacks);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void start();
    // No new jobs; what runs is reported to its end.
    void drain();
    bool idle() const { return !jobs_ || jobs_->idle(); }

    // Jobs that an earlier worker left in the broker's hands. False: this dialect has none, so
    // nobody is left to report to.
    bool adopt(protocol::UnreportedJob job);
    void job_exited(const protocol::JobExited& exited);

    // What its files hold is looked at before the next report.
    void files_may_have_changed() { files_.poll_soon(); }
    // For `bulkhead status`: one object of the list of backends.
    void describe(JsonWriter& json) const;

  private:
    void add_heartbeat(const SessionInputs& inputs, MetricsReader metrics);
    void add_inventory(const SessionInputs& inputs, const InventoryDialect& dialect);
    void add_findings(const SessionInputs& inputs, const FindingsDialect& dialect);
    void add_jobs(const SessionInputs& inputs, const JobDialect& dialect,
                  std::vector<KeptRefusal> refusals);
    void on_enrolled(const Enrolled& enrolled);
    void on_enroll_failed();
    void redact();   // what we know of secrets now
    void refresh();  // at what others may have changed
    void poll_credential();
    void judge_credential(const Failure* failure);
    void on_heartbeat_answer(const Answer<HeartbeatReceipt>& answer);
    // What a run that ends has to wait for. A duty may say more than once that it is done.
    enum Part : std::size_t { heartbeat, inventory, findings, jobs, kParts };
    void part_finished(Part part, bool sent);
    void finish(bool sent);

    const BackendConfig& config_;
    const HostFacts& facts_;
    Callbacks callbacks_;
    std::unique_ptr<const Dialect> dialect_;
    HttpClient client_;
    Identity identity_;
    DutyContext context_;
    sys::TimerId credential_poll_;
    ReloadedFiles files_;
    EnrollDuty enroll_;
    std::optional<HeartbeatDuty> heartbeat_;
    std::optional<FindingsDuty> findings_;
    std::optional<JobDuty> jobs_;
    std::optional<InventoryDuty> inventory_;
    bool inventory_waits_ = false;  // for the first beat
    std::bitset<kParts> unfinished_;
    bool all_sent_ = true;
};

}  // namespace bulkhead::worker
