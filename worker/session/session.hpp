// Session: one backend, the identity that this host has there, the HTTP client and the duties.
#pragma once
#include <bitset>
#include <memory>
#include <optional>
#include <string>

#include "common/sys/clock.hpp"
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/duties/artifact_duty.hpp"
#include "worker/duties/enroll_duty.hpp"
#include "worker/duties/findings_duty.hpp"
#include "worker/duties/heartbeat_duty.hpp"
#include "worker/duties/inventory_duty.hpp"
#include "worker/duties/job_duty.hpp"
#include "worker/duties/leave_duty.hpp"
#include "worker/duties/presence_duty.hpp"
#include "worker/duties/telemetry_duty.hpp"
#include "worker/session/certificates.hpp"
#include "worker/session/reloaded_files.hpp"
#include "worker/state/sample_store.hpp"

namespace bulkhead::worker {

// What a session uses. What the references name outlives the session; it copies the rest.
struct SessionInputs {
    sys::Loop& loop;
    BrokerClient& broker;
    const Config& config;  // the session is with the first of its backends
    const sys::Log& log;
    const CredentialStore& credentials;
    Spool& spool;
    const InventoryStore& inventory;
    const RefusalStore& refusals;
    const SampleStore& samples;
    const ArtifactStore& artifacts;
    const ProcFiles& proc;
    const sys::Fd& disk;  // a file of the host's root file system, for its figures
    const HostFacts& facts;
    RunOptions run;
    Random random = system_random();
    CollectInventory collect = &collect_inventory;
    std::function<UnixTime()> now = &sys::now;
};

// What to tell of a clock that is so far ahead of the backend's (HttpClient::clock_ahead()); empty
// where they differ by less than two minutes, as much as a slow answer may take.
std::string clock_trouble(std::optional<std::chrono::seconds> ahead);

class Session {
  public:
    struct Callbacks {
        // Reads HostFacts::system again if the host name or the clock was set.
        std::function<void()> refresh_facts;
        std::function<void()> job_settled;        // one job or refusal less to report
        std::function<void(const Error&)> fatal;  // see DutyContext
        // Called once, in a run that ends: whether all of it was sent.
        std::function<void(bool sent)> finished;
        std::function<void()> jobs_held = [] {};  // see JobDuty::Callbacks::held
    };

    // What may fail in making a session.
    struct Parts {
        SessionInputs inputs;
        std::unique_ptr<const Dialect> dialect;
        HttpClient client;
        std::optional<MetricsReader> metrics;  // where the dialect has heartbeats
        std::vector<KeptRefusal> refusals;     // of an earlier worker, not reported yet
        std::vector<ArtifactRecord> artifacts;
    };
    static Result<Parts> prepare(const SessionInputs& inputs);

    Session(Parts parts, Callbacks callbacks);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void start();
    // No new jobs; what runs is reported to its end.
    void drain();
    // Jobs are fetched, or for the time being not: then Callbacks::jobs_held follows.
    void fetch_jobs(bool fetch);
    // If an operator had this host leave the backend: ends what runs, reports it, says good-bye
    // (LeaveDuty) and stays away.
    void look_whether_left();
    // Nothing is sent (BackendConfig::shut), until another worker has the files.
    bool shut() const { return !config_.shut.empty(); }
    bool wants_bpf_support() const { return dialect_->traits().wants_bpf_support; }
    bool idle() const { return !jobs_ || jobs_->idle(); }

    // A job that an earlier worker has not reported. False if this dialect has no jobs, so that
    // there is nobody to report it to.
    bool adopt(protocol::UnreportedJob job);
    void job_exited(const protocol::JobExited& exited);
    void artifact_changed(const protocol::ArtifactStatus& status);

    // The files that the settings name are read again before the next report.
    void files_may_have_changed() { files_.poll_soon(); }
    // Writes one object of the list of backends, for `bulkhead status`.
    void describe(JsonWriter& json) const;
    // What stands between this host and its backend: failing duties, a full spool, certificates
    // that end within 14 days. 16 at most.
    std::vector<Trouble> troubles() const;

  private:
    void add_heartbeat(const SessionInputs& inputs, MetricsReader metrics);
    void add_inventory(const SessionInputs& inputs, const InventoryDialect& dialect);
    void add_presence(const PresenceDialect& dialect);
    void add_telemetry(const SessionInputs& inputs);
    OpenedFile open_named(BrokerClient& broker, std::string_view key) const;
    TelemetryHeartbeat telemetry_heartbeat(BrokerClient& broker) const;
    PresenceReport presence_report();
    void add_findings(const SessionInputs& inputs, const FindingsDialect& dialect);
    void add_jobs(const SessionInputs& inputs, const JobDialect& dialect,
                  std::vector<KeptRefusal> refusals);
    void start_duties(std::optional<std::chrono::seconds> heartbeat_interval);
    void identify(const Identity& identity, bool anew);
    void on_enrolled(const Enrolled& enrolled);
    void on_enroll_failed();
    void redact();   // tells the HTTP client which secrets to remove from errors
    void refresh();  // reads again what others may have changed: system facts and credential files
    void stay_away();
    void poll_credential();
    void judge_credential(const Failure* failure);
    void compare_clocks();  // says once that this host's clock and the backend's differ
    void on_heartbeat_answer(const Answer<HeartbeatReceipt>& answer);
    // What a run that ends waits for. A duty may finish more than once.
    enum Part : std::size_t { enrollment, presence, heartbeat, inventory, findings, jobs, kParts };
    void part_finished(Part part, bool sent);
    void finish(bool sent);
    std::vector<CertificateEnd> certificates() const;
    std::vector<Trouble> late_too() const;  // troubles(), and heartbeats that do not come

    const BackendConfig& config_;
    const HostFacts& facts_;
    BrokerClient& broker_;
    const Spool& spool_;
    Callbacks callbacks_;
    struct Stores {
        const CredentialStore& credentials;
        const InventoryStore& inventory;
    } stores_;
    std::unique_ptr<const Dialect> dialect_;
    HttpClient client_;
    Identity identity_;
    DutyContext context_;
    sys::TimerId credential_poll_;
    ReloadedFiles files_;
    EnrollDuty enroll_;
    LeaveDuty leave_;
    std::optional<TelemetryDuty> telemetry_;  // before the duties that tell it events
    std::optional<PresenceDuty> presence_;
    std::optional<HeartbeatDuty> heartbeat_;
    std::optional<FindingsDuty> findings_;
    std::optional<JobDuty> jobs_;
    std::optional<InventoryDuty> inventory_;
    std::optional<ArtifactDuty> artifacts_;
    bool away() const { return left_ || shut(); }
    bool left_ = false;             // by bulkhead leave: nothing is begun
    bool inventory_waits_ = false;  // starts after the first heartbeat
    std::bitset<kParts> unfinished_;
    bool all_sent_ = true;
    mutable std::optional<UnixTime> spool_full_since_;  // when that was first noticed
    std::optional<UnixTime> clock_differs_since_;
};

}  // namespace bulkhead::worker
