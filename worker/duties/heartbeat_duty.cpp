#include "worker/duties/heartbeat_duty.hpp"

#include <algorithm>

#include "common/sys/clock.hpp"

namespace bulkhead::worker {

namespace {

SettableFacts settable_in(const SystemInfo& system) {
    return {.hostname = system.hostname, .boot_time = system.boot_time};
}

}  // namespace

void HeartbeatDuty::start(std::optional<std::chrono::seconds> interval) {
    stopped_ = false;
    auto first = sys::Clock::now();
    if (dialect_.traits().needs_cpu_percent) first += metrics_.until_cpu_percent();
    if (context_.serves()) {
        schedule_.start(first, interval.value_or(context_.config.heartbeat_interval));
    } else {
        schedule_.start_once(first);
    }
    wake();
}

void HeartbeatDuty::stop() {
    stopped_ = true;
    context_.loop.cancel(timer_);
}

void HeartbeatDuty::wake() {
    const auto due = schedule_.wake(sys::Clock::now());
    if (due.sample) sample();
    if (due.send) send();
    arm_timer();
}

void HeartbeatDuty::arm_timer() {
    context_.loop.cancel(timer_);
    if (stopped_ || (!context_.serves() && sequence_ > 0)) return;
    timer_ = context_.loop.at(schedule_.next(), [this] { wake(); });
}

void HeartbeatDuty::sample() {
    latest_ = metrics_.sample();
    if (metrics_.cpu_sample()) callbacks_.sampled(*metrics_.cpu_sample());
    std::string unreadable;
    for (const auto& error : latest_.errors)
        unreadable += (unreadable.empty() ? "" : "; ") + error.what;
    if (unreadable != unreadable_metrics_ && !unreadable.empty()) {
        context_.log.warning("metrics-unread", {{"why", unreadable}});
    }
    unreadable_metrics_ = std::move(unreadable);
}

void HeartbeatDuty::send() {
    callbacks_.before_each();
    auto heartbeat = compose();
    if (!heartbeat) return context_.fatal(heartbeat.error());
    std::optional<SettableFacts> reported;
    if (heartbeat->report_system) reported = settable_in(heartbeat->system);
    perform<HeartbeatReceipt>(context_.client, dialect_.heartbeat(context_.identity, *heartbeat),
                              [this, reported](Answer<HeartbeatReceipt> answer) {
                                  on_answer(std::move(answer), reported);
                              });
}

Result<Heartbeat> HeartbeatDuty::compose() {
    Heartbeat heartbeat;
    heartbeat.sequence = ++sequence_;
    heartbeat.sent_at = sys::now();
    heartbeat.agent_version = BULKHEAD_VERSION;
    heartbeat.host_id = facts_.host_id;
    heartbeat.policy_digest = facts_.policy_digest;
    heartbeat.walls_digest = facts_.walls_digest;
    heartbeat.ceiling_digest = facts_.ceiling_digest;
    heartbeat.restart_needed = facts_.restart_needed;
    heartbeat.confinement = facts_.confinement;
    const auto state = TRY(broker_.host_state());
    heartbeat.audit = audit_head(state);
    heartbeat.ledger = ledger_head(state);
    heartbeat.troubles = troubles_of(state);
    heartbeat.worker_troubles = callbacks_.troubles();
    heartbeat.metrics = latest_;
    heartbeat.network = read_network(dialect_.traits().network, proc_);
    heartbeat.system = facts_.system;
    heartbeat.report_system = system_is_due();
    auto running = callbacks_.running();
    heartbeat.running_jobs = std::move(running.ids);
    heartbeat.unreported_jobs = running.unreported;
    return heartbeat;
}

// True until a heartbeat that carried the system information was delivered, and again whenever it
// changed or its interval is over.
bool HeartbeatDuty::system_is_due() const {
    return !system_reported_at_ ||
           sys::Clock::now() - *system_reported_at_ >= dialect_.traits().system_info_interval ||
           was_set(system_reported_, settable_in(facts_.system));
}

void HeartbeatDuty::on_answer(Answer<HeartbeatReceipt> answer,
                              std::optional<SettableFacts> reported) {
    if (answer) {
        if (trouble_.stands()) context_.log.info("heartbeat-again");
        trouble_.clear();
        ++delivered_;
        last_delivered_ = sys::now();
        if (reported) {
            system_reported_ = *std::move(reported);
            system_reported_at_ = sys::Clock::now();
        }
        schedule_.delivered(sys::Clock::now(), answer->heartbeat_interval);
        log_declined(std::move(answer->declined));
        context_.log.debug("heartbeat-sent", {{"sequence", sequence_}});
    } else {
        schedule_.failed(sys::Clock::now(), answer.error());
        if (trouble_.failed(answer.error().text)) {
            context_.log.warning("heartbeat-failed", {{"why", answer.error().text}});
        }
    }
    arm_timer();
    callbacks_.answered(answer);
}

void HeartbeatDuty::describe(JsonWriter& json) const {
    json.put("heartbeats", delivered_);
    if (last_delivered_) json.put("last_heartbeat", format_utc(*last_delivered_));
    if (trouble_.stands()) json.put("heartbeat_trouble", trouble_.why());
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

void HeartbeatDuty::tell_late(std::vector<Trouble>& all) const {
    if (trouble_.stands() || stopped_) return;
    if (!last_delivered_) {
        all.push_back({.code = "heartbeat-none",
                       .since = began_,
                       .why = "no heartbeat was accepted yet; if that lasts, see the agent's log"});
    } else if (sys::now() - *last_delivered_ > 3 * schedule_.interval()) {
        all.push_back(
            {.code = "heartbeat-late",
             .since = *last_delivered_,
             .why = "no heartbeat was accepted for three intervals; see the agent's log"});
    }
}

// A wish of the backend that is declined is logged once, not at every heartbeat that repeats it.
void HeartbeatDuty::log_declined(std::vector<Declined> wanted) {
    for (const auto& one : wanted) {
        if (std::ranges::find(declined_, one) != declined_.end()) continue;
        context_.log.warning("request-declined",
                             {{"what", one.what}, {"reason", one.reason}, {"detail", one.detail}});
    }
    declined_ = std::move(wanted);
}

}  // namespace bulkhead::worker
