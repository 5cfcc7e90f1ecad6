// The regular report: metrics, confinement, audit head, what is running. Dropped, not queued, when
// the backend is away: the next one says more than an old one.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/backend/dialect.hpp"
#include "worker/backend/json.hpp"
#include "worker/metrics/metrics.hpp"
#include "worker/session/services.hpp"

namespace bulkhead::worker {

class HeartbeatDuty {
  public:
    struct Running {
        std::vector<std::string> ids;
        std::uint64_t unreported = 0;
    };
    using AskRunning = std::function<Running()>;
    // After each: delivered, or why not in `verdict`.
    using OnBeat = std::function<void(const Verdict<HeartbeatReceipt>& verdict)>;

    static Result<HeartbeatDuty> create(Services& services, const BackendConfig& config,
                                        const Dialect& dialect, HttpClient& client,
                                        const Identity& identity, AskRunning running, OnBeat beat);

    // The first at once, so that a host that came up is seen; the second at a random moment of the
    // interval, so that hosts that came up together do not stay together.
    void start(std::optional<std::chrono::seconds> interval);
    void stop();

    void describe(JsonWriter& json) const;

  private:
    HeartbeatDuty(Services& services, const BackendConfig& config, const Dialect& dialect,
                  HttpClient& client, const Identity& identity, AskRunning running, OnBeat beat,
                  MetricsReader metrics)
        : services_(services),
          config_(config),
          dialect_(dialect),
          client_(client),
          identity_(identity),
          running_(std::move(running)),
          on_beat_(std::move(beat)),
          metrics_(std::move(metrics)),
          backoff_(services.random) {}
    void beat();
    Result<Heartbeat> compose();
    void on_verdict(Verdict<HeartbeatReceipt> verdict, bool system_reported);
    void schedule(std::chrono::milliseconds delay);
    void decline(std::vector<Declined> wanted);

    Services& services_;
    const BackendConfig& config_;
    const Dialect& dialect_;
    HttpClient& client_;
    const Identity& identity_;
    AskRunning running_;
    OnBeat on_beat_;
    MetricsReader metrics_;
    Backoff backoff_;
    std::chrono::seconds interval_{60};
    sys::TimerId timer_;
    bool second_ = true;  // the next delay is the random first phase
    std::uint64_t sequence_ = 0;
    std::uint64_t delivered_ = 0;
    std::optional<UnixTime> last_delivered_;
    std::optional<sys::Clock::time_point> system_reported_at_;
    std::string trouble_;
    std::vector<Declined> declined_;
};

}  // namespace bulkhead::worker
