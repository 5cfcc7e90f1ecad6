#include "worker/heartbeat/heartbeat_duty.hpp"

#include <algorithm>

#include "common/crypto/sha256.hpp"

namespace bulkhead::worker {

namespace {

UnixTime now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

Result<HeartbeatDuty> HeartbeatDuty::create(Services& services, const BackendConfig& config,
                                            const Dialect& dialect, HttpClient& client,
                                            const Identity& identity, AskRunning running,
                                            OnBeat beat) {
    MetricsReader metrics(sys::Dir::from(TRY(services.proc.duplicate())),
                          sys::Dir::from(TRY(services.root.duplicate())), "/");
    return HeartbeatDuty(services, config, dialect, client, identity, std::move(running),
                         std::move(beat), std::move(metrics));
}

void HeartbeatDuty::start(std::optional<std::chrono::seconds> interval) {
    interval_ = interval.value_or(config_.heartbeat_interval);
    services_.loop.cancel(timer_);
    beat();
}

void HeartbeatDuty::stop() { services_.loop.cancel(timer_); }

void HeartbeatDuty::beat() {
    auto heartbeat = compose();
    if (!heartbeat) return services_.fatal(heartbeat.error());
    const bool reports_system = heartbeat->report_system;
    perform<HeartbeatReceipt>(client_, dialect_.heartbeat(identity_, *heartbeat),
                              [this, reports_system](Verdict<HeartbeatReceipt> verdict) {
                                  on_verdict(std::move(verdict), reports_system);
                              });
}

Result<Heartbeat> HeartbeatDuty::compose() {
    Heartbeat heartbeat;
    heartbeat.sequence = ++sequence_;
    heartbeat.sent_at = now();
    heartbeat.agent_version = BULKHEAD_VERSION;
    heartbeat.host_id = services_.host_id;
    heartbeat.policy_digest = services_.policy_digest;
    heartbeat.confinement = services_.confinement;
    const auto head = TRY(services_.broker.audit_head());
    heartbeat.audit = AuditHead{.size = head.size, .head = crypto::hex(head.head)};
    heartbeat.metrics = metrics_.sample();
    heartbeat.system = services_.system;
    // Pending until a heartbeat that carried it was delivered.
    heartbeat.report_system = !system_reported_at_ || sys::Clock::now() - *system_reported_at_ >=
                                                          dialect_.traits().system_info_interval;
    auto running = running_();
    heartbeat.running_jobs = std::move(running.ids);
    heartbeat.unreported_jobs = running.unreported;
    return heartbeat;
}

void HeartbeatDuty::on_verdict(Verdict<HeartbeatReceipt> verdict, bool system_reported) {
    std::chrono::milliseconds delay = interval_;
    if (verdict) {
        if (!trouble_.empty()) services_.log.info("heartbeat again", {{"backend", config_.name}});
        trouble_.clear();
        backoff_.succeeded();
        ++delivered_;
        last_delivered_ = now();
        if (system_reported) system_reported_at_ = sys::Clock::now();
        if (verdict->heartbeat_interval) interval_ = *verdict->heartbeat_interval;
        decline(std::move(verdict->declined));
        delay = std::exchange(second_, false) ? first_phase(interval_, services_.random)
                                              : std::chrono::milliseconds(interval_);
        services_.log.debug("heartbeat",
                            {{"backend", config_.name}, {"sequence", std::to_string(sequence_)}});
    } else {
        // Never less often than the interval, so that an outage ends with the next beat.
        delay = std::min(delay, backoff_.next(verdict.error().retry_after));
        if (verdict.error().retry_after)
            delay = std::max(delay, std::chrono::milliseconds(*verdict.error().retry_after));
        if (verdict.error().text != trouble_) {
            services_.log.warning("heartbeat",
                                  {{"backend", config_.name}, {"why", verdict.error().text}});
        }
        trouble_ = verdict.error().text;
    }
    if (services_.pass == Pass::serve) schedule(delay);
    on_beat_(verdict);
}

void HeartbeatDuty::describe(JsonWriter& json) const {
    json.put("heartbeats", delivered_);
    if (last_delivered_) json.put("last_heartbeat", format_utc(*last_delivered_));
    if (!trouble_.empty()) json.put("heartbeat_trouble", trouble_);
    json.begin_array("declined");
    for (const auto& one : declined_) {
        json.begin_object()
            .put("what", one.what)
            .put("reason", one.reason)
            .put("detail", one.detail)
            .end();
    }
    json.end();
}

// Told once, not in every heartbeat.
void HeartbeatDuty::decline(std::vector<Declined> wanted) {
    for (const auto& one : wanted) {
        if (std::ranges::find(declined_, one) != declined_.end()) continue;
        services_.log.warning("declined", {{"backend", config_.name},
                                           {"what", one.what},
                                           {"reason", one.reason},
                                           {"detail", one.detail}});
    }
    declined_ = std::move(wanted);
}

void HeartbeatDuty::schedule(std::chrono::milliseconds delay) {
    services_.loop.cancel(timer_);
    timer_ = services_.loop.after(delay, [this] { beat(); });
}

}  // namespace bulkhead::worker
