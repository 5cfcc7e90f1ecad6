// The regular report: metrics, confinement, head of the audit log, running jobs. A report that
// cannot be sent is dropped and not queued: the next one is more recent.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/client.hpp"
#include "worker/duties/beat_schedule.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"
#include "worker/duties/host_facts.hpp"
#include "worker/host/metrics/metrics.hpp"

namespace bulkhead::worker {

class HeartbeatDuty {
  public:
    struct Running {
        std::vector<DeliveryId> ids;
        std::uint64_t unreported = 0;
    };
    struct Callbacks {
        std::function<Running()> running;
        std::function<std::vector<Trouble>()> troubles;  // of this worker
        std::function<void()> before_each;
        // After each reading of the host: from when on the next CPU percentage counts.
        std::function<void(const CpuSample&)> sampled;
        // After each heartbeat; `answer` is an error if it was not delivered.
        std::function<void(const Answer<HeartbeatReceipt>& answer)> answered;
    };

    HeartbeatDuty(const DutyContext& context, const Dialect& dialect, BrokerClient& broker,
                  const HostFacts& facts, const ProcFiles& proc, MetricsReader metrics,
                  Callbacks callbacks)
        : context_(context),
          dialect_(dialect),
          broker_(broker),
          facts_(facts),
          proc_(proc),
          metrics_(std::move(metrics)),
          callbacks_(std::move(callbacks)),
          schedule_(dialect.traits(), context.random) {}

    // `interval`: what the backend asked for when it enrolled this host; unset: the configured one.
    // BeatSchedule says when heartbeats are sent.
    void start(std::optional<std::chrono::seconds> interval);
    void stop();

    void describe(JsonWriter& json) const;
    // What stands between this duty and its next success.
    void tell(std::vector<Trouble>& all) const { trouble_.tell(all, "heartbeat"); }
    // The same where nothing fails and no heartbeat has been accepted for three intervals, or yet.
    void tell_late(std::vector<Trouble>& all) const;

  private:
    void wake();
    void arm_timer();
    void sample();
    void send();
    Result<Heartbeat> compose();
    bool system_is_due() const;
    void on_answer(Answer<HeartbeatReceipt> answer, std::optional<SettableFacts> reported);
    void log_declined(std::vector<Declined> wanted);

    const DutyContext& context_;
    const Dialect& dialect_;
    BrokerClient& broker_;
    const HostFacts& facts_;
    const ProcFiles& proc_;
    MetricsReader metrics_;
    Callbacks callbacks_;
    Metrics latest_;
    std::string unreadable_metrics_;  // of the latest sample, for the log
    BeatSchedule schedule_;
    sys::TimerId timer_;
    bool stopped_ = false;
    std::uint64_t sequence_ = 0;
    std::uint64_t delivered_ = 0;
    std::optional<UnixTime> last_delivered_;
    SettableFacts system_reported_;  // as last delivered, at system_reported_at_
    std::optional<sys::Clock::time_point> system_reported_at_;
    DutyTrouble trouble_;
    UnixTime began_ = sys::now();
    std::vector<Declined> declined_;
};

}  // namespace bulkhead::worker
