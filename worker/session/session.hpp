// The backend and us: who we are to it, its connections, and the duties that hang on it.
#pragma once
#include <bitset>
#include <memory>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/duties/enroll_duty.hpp"
#include "worker/duties/findings_duty.hpp"
#include "worker/duties/heartbeat_duty.hpp"
#include "worker/duties/inventory_duty.hpp"
#include "worker/duties/job_duty.hpp"
#include "worker/duties/services.hpp"
#include "worker/session/reloaded_files.hpp"

namespace bulkhead::worker {

class Session {
  public:
    // Called once, in a pass that ends: whether all of it was sent.
    using OnFinished = std::function<void(bool sent)>;

    static Result<std::unique_ptr<Session>> create(Services& services, const BackendConfig& config,
                                                   OnFinished finished);

    void start();
    // No new jobs; what runs is reported to its end.
    void drain();
    bool idle() const { return !jobs_ || jobs_->idle(); }

    // Jobs that an earlier worker left in the broker's hands. False: this dialect has none, so
    // nobody is left to report to.
    bool adopt(protocol::UnreportedJob job);
    void job_exited(const protocol::JobExited& exited);

    // What its files hold is looked at before the next report.
    void files_may_have_changed() { files_.expire(); }
    // For `bulkhead status`: one object of the list of backends.
    void describe(JsonWriter& json) const;

  private:
    Session(Services& services, const BackendConfig& config, std::unique_ptr<const Dialect> dialect,
            HttpClient client, OnFinished finished);
    void on_enrolled(const Enrolled& enrolled);
    void redact();      // what we know of secrets now
    void look_again();  // at what others may have changed
    void watch_files();
    void judge_credential(const Failure* failure);
    void beat_done(const Answer<HeartbeatReceipt>& answer);
    // What a pass that ends has to wait for. A duty may say more than once that it is done.
    enum Part : std::size_t { heartbeat, inventory, findings, jobs, kParts };
    void part_finished(Part part, bool sent);
    void finish(bool sent);

    Services& services_;
    const BackendConfig& config_;
    std::unique_ptr<const Dialect> dialect_;
    HttpClient client_;
    OnFinished finished_;
    sys::TimerId look_;
    Identity identity_;
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
