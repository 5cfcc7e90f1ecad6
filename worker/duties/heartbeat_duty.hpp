// The regular report: metrics, confinement, audit head, what is running. Dropped, not queued, when
// the backend is away: the next one says more than an old one.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/duties/beat_schedule.hpp"
#include "worker/duties/services.hpp"
#include "worker/host/metrics/metrics.hpp"

namespace bulkhead::worker {

class HeartbeatDuty {
  public:
    struct Running {
        std::vector<DeliveryId> ids;
        std::uint64_t unreported = 0;
    };
    using AskRunning = std::function<Running()>;
    // After each: delivered, or why not in `answer`.
    using OnBeat = std::function<void(const Answer<HeartbeatReceipt>& answer)>;

    static Result<HeartbeatDuty> create(Services& services, const BackendConfig& config,
                                        const Dialect& dialect, HttpClient& client,
                                        const Identity& identity, AskRunning running,
                                        std::function<void()> before_each, OnBeat beat);

    // See BeatSchedule.
    void start(std::optional<std::chrono::seconds> interval);
    void stop();

    void describe(JsonWriter& json) const;

  private:
    HeartbeatDuty(Services& services, const BackendConfig& config, const Dialect& dialect,
                  HttpClient& client, const Identity& identity, AskRunning running,
                  std::function<void()> before_each, OnBeat beat, MetricsReader metrics)
        : services_(services),
          config_(config),
          dialect_(dialect),
          client_(client),
          identity_(identity),
          running_(std::move(running)),
          before_each_(std::move(before_each)),
          on_beat_(std::move(beat)),
          metrics_(std::move(metrics)),
          schedule_(dialect.traits(), services.random) {}
    void wake();
    void wait();
    void sample();
    void send();
    Result<Heartbeat> compose();
    bool system_is_due() const;
    void on_answer(Answer<HeartbeatReceipt> answer, std::optional<SettableFacts> reported);
    void decline(std::vector<Declined> wanted);

    Services& services_;
    const BackendConfig& config_;
    const Dialect& dialect_;
    HttpClient& client_;
    const Identity& identity_;
    AskRunning running_;
    std::function<void()> before_each_;
    OnBeat on_beat_;
    MetricsReader metrics_;
    Metrics latest_;
    std::string unread_;  // of it
    BeatSchedule schedule_;
    sys::TimerId timer_;
    bool stopped_ = false;
    std::uint64_t sequence_ = 0;
    std::uint64_t delivered_ = 0;
    std::optional<UnixTime> last_delivered_;
    SettableFacts system_reported_;  // at this time, if ever
    std::optional<sys::Clock::time_point> system_reported_at_;
    std::string trouble_;
    std::vector<Declined> declined_;
};

}  // namespace bulkhead::worker
