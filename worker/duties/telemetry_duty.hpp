// TelemetryDuty: publishes events on a NATS server, beside what the backend is told. Events that
// cannot be sent wait, the oldest is dropped where too many do, and how many were is told.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/backend/json/json.hpp"
#include "worker/backend/nats/nats_connection.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"
#include "worker/duties/telemetry_json.hpp"
#include "worker/duties/telemetry_queue.hpp"

namespace bulkhead::worker {

struct TelemetryLimits {
    std::chrono::milliseconds ping_interval = std::chrono::minutes(1);
    // A connection that ends earlier than this counts as one more failure.
    std::chrono::milliseconds steady = std::chrono::minutes(1);
    Backoff::Limits backoff = {};
};

class TelemetryDuty : public TelemetrySink {
  public:
    struct Callbacks {
        // Reads the files of the settings again, as an operator may have replaced them.
        std::function<Result<TelemetryFiles>()> files;
        std::function<TelemetryHeartbeat()> heartbeat;
    };
    using Limits = TelemetryLimits;

    // `context.config` has a telemetry url. `host_id`: as the backend knows this host.
    TelemetryDuty(const DutyContext& context, const std::string& host_id, Callbacks callbacks,
                  Limits limits = {});

    TelemetryDuty(const TelemetryDuty&) = delete;
    TelemetryDuty& operator=(const TelemetryDuty&) = delete;
    ~TelemetryDuty() override;

    void start();
    // Sends nothing more of its own accord; what is queued is sent while the connection lasts.
    void drain();
    // Ends the connection, and takes no event any more.
    void close();

    void artifact_event(const ArtifactEvent& event) override;
    void job_event(const JobEvent& event) override;
    void when_due(std::function<void()> tell_all) override { tell_all_ = std::move(tell_all); }

    void describe(JsonWriter& json) const;
    // "telemetry-failing", "telemetry-refused" and "telemetry-dropped".
    void tell(std::vector<Trouble>& all) const;

  private:
    const TelemetryConfig& settings() const { return context_.config.telemetry; }
    NatsConnection::Callbacks of_connection();
    void connect(Result<TelemetryFiles> files);
    void on_ready();
    void on_confirmed(std::size_t publications);
    void on_refused(const std::string& text);
    void refuse(const std::string& text);
    void on_ended(const Error& error);
    void cancel_timers();
    void add(std::string_view subject_end, std::string payload);
    void send();
    void arm_interval(std::chrono::milliseconds delay);
    void at_interval();

    const DutyContext& context_;
    TelemetrySender sender_;
    std::string subject_;
    Callbacks callbacks_;
    Limits limits_;
    NatsUrl url_;
    TelemetryQueue queue_;
    Backoff backoff_;
    NatsConnection connection_;
    std::function<void()> tell_all_ = [] {};
    sys::TimerId retry_;
    sys::TimerId interval_;
    std::optional<sys::TimerId> send_timer_;
    bool drains_ = false;
    bool closed_ = false;
    sys::Clock::time_point ready_at_{};
    std::optional<UnixTime> since_;  // when the connection was made, or lost
    std::uint64_t delivered_ = 0;
    std::uint64_t refused_ = 0;
    std::size_t refused_now_ = 0;            // among those under way
    std::uint64_t dropped_told_ = 0;         // of queue_.dropped(), by the log
    std::optional<UnixTime> dropped_since_;  // since the server was there last
    DutyTrouble trouble_;
    DutyTrouble refusal_;
};

}  // namespace bulkhead::worker
