#include "worker/duties/telemetry_duty.hpp"

#include <algorithm>

#include "worker/config/telemetry.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kArtifacts = "";
constexpr std::string_view kHeartbeats = ".heartbeat";
constexpr std::string_view kJobs = ".job";

}  // namespace

TelemetryDuty::TelemetryDuty(const DutyContext& context, const std::string& host_id,
                             Callbacks callbacks, Limits limits)
    : context_(context),
      sender_{.host_id = host_id, .backend = context.config.name},
      subject_(telemetry_subject(context.config.telemetry, host_id)),
      callbacks_(std::move(callbacks)),
      limits_(limits),
      url_(parse_nats_url(context.config.telemetry.url).value_or(NatsUrl{})),
      backoff_(limits.backoff, context.random),
      connection_(context.loop, context.client,
                  {.url = url_,
                   .who = {.name = "bulkhead " + host_id, .version = BULKHEAD_VERSION},
                   .timeout = context.config.connect_timeout,
                   .ping_interval = limits.ping_interval},
                  of_connection()) {}

NatsConnection::Callbacks TelemetryDuty::of_connection() {
    return {.ready = [this] { on_ready(); },
            .confirmed = [this](std::size_t publications) { on_confirmed(publications); },
            .refused = [this](const std::string& text) { on_refused(text); },
            .ended = [this](const Error& error) { on_ended(error); }};
}

TelemetryDuty::~TelemetryDuty() { cancel_timers(); }

void TelemetryDuty::cancel_timers() {
    for (const auto timer : {retry_, interval_}) context_.loop.cancel(timer);
    if (send_timer_) context_.loop.cancel(*std::exchange(send_timer_, std::nullopt));
}

void TelemetryDuty::start() {
    connect(settings().trouble.empty() ? Result<TelemetryFiles>(settings().files)
                                       : fail(settings().trouble));
    // Hosts that were started together do not report together.
    arm_interval(first_phase(settings().interval, context_.random));
}

void TelemetryDuty::drain() {
    drains_ = true;
    context_.loop.cancel(interval_);
}

void TelemetryDuty::close() {
    closed_ = drains_ = true;
    cancel_timers();
    connection_.close();
    queue_ = {};
    since_.reset();
    dropped_since_.reset();
    trouble_.clear();
    refusal_.clear();
}

// Without its files nothing is tried: other authorities than those of ca_file are not trusted.
void TelemetryDuty::connect(Result<TelemetryFiles> files) {
    if (!files) return on_ended(files.error());
    connection_.open({.ca_pem = std::move(files->ca_pem)}, std::move(files->login));
}

void TelemetryDuty::on_ready() {
    trouble_.clear();
    ready_at_ = sys::Clock::now();
    since_ = context_.now();
    context_.log.info("telemetry-connected", {{"server", url_.place()},
                                              {"tls", connection_.in_tls()},
                                              {"queued", queue_.size()},
                                              {"dropped", queue_.dropped() - dropped_told_}});
    dropped_told_ = queue_.dropped();
    dropped_since_.reset();
    send();
}

void TelemetryDuty::on_ended(const Error& error) {
    queue_.rewind();
    refused_now_ = 0;
    const bool was_ready = ready_at_ != sys::Clock::time_point{};
    if (was_ready && sys::Clock::now() - ready_at_ >= limits_.steady) backoff_.succeeded();
    if (was_ready || !since_) since_ = context_.now();
    ready_at_ = {};
    if (trouble_.failed(error.what)) {
        context_.log.warning("telemetry-failed", {{"why", error.what}});
    }
    retry_ = context_.loop.after(backoff_.next(), [this] { connect(callbacks_.files()); });
}

void TelemetryDuty::on_confirmed(std::size_t publications) {
    queue_.confirmed(publications);
    const auto refused = std::min(std::exchange(refused_now_, 0), publications);
    refused_ += refused;
    delivered_ += publications - refused;
    if (refused == 0) refusal_.clear();
    send();
}

void TelemetryDuty::on_refused(const std::string& text) {
    ++refused_now_;
    refuse(text);
}

void TelemetryDuty::refuse(const std::string& text) {
    // The text is the server's, which may send another one each time.
    if (!refusal_.stands()) context_.log.warning("telemetry-refused", {{"why", text}});
    refusal_.failed(text);
}

void TelemetryDuty::artifact_event(const ArtifactEvent& event) {
    if (event.artifact_id.empty()) return;
    add(kArtifacts, json_of(sender_, event, context_.now()));
}

void TelemetryDuty::job_event(const JobEvent& event) {
    if (settings().job_events) add(kJobs, json_of(sender_, event, context_.now()));
}

void TelemetryDuty::add(std::string_view subject_end, std::string payload) {
    if (closed_) return;
    const auto dropped = queue_.dropped();
    queue_.add({subject_ + std::string(subject_end), std::move(payload)});
    if (queue_.dropped() > dropped && !dropped_since_) {
        dropped_since_ = context_.now();
        context_.log.warning("telemetry-dropped",
                             {{"why",
                               "more events wait than are kept: the oldest are dropped "
                               "until the server takes them"}});
    }
    // What one turn of the loop brings is sent, and confirmed, together.
    if (!connection_.is_ready() || send_timer_) return;
    send_timer_ = context_.loop.after({}, [this] { send(); });
}

void TelemetryDuty::send() {
    if (send_timer_) context_.loop.cancel(*std::exchange(send_timer_, std::nullopt));
    bool any = false;
    while (connection_.takes()) {
        const auto* event = queue_.next();
        if (event == nullptr) break;
        const auto most = connection_.info().max_payload;
        if (most > 0 && event->payload.size() > most) {
            refuse("an event of " + std::to_string(event->payload.size()) +
                   " bytes is larger than the server's max_payload, " + std::to_string(most));
            queue_.drop_next();
            continue;
        }
        connection_.publish(event->subject, event->payload);
        queue_.sent();
        any = true;
    }
    if (any) connection_.flush();
}

void TelemetryDuty::arm_interval(std::chrono::milliseconds delay) {
    interval_ = context_.loop.after(delay, [this] { at_interval(); });
}

void TelemetryDuty::at_interval() {
    if (drains_) return;
    arm_interval(settings().interval);
    tell_all_();
    if (!settings().heartbeats) return;
    add(kHeartbeats, json_of(sender_, callbacks_.heartbeat(), queue_.dropped(), context_.now()));
}

void TelemetryDuty::describe(JsonWriter& json) const {
    json.begin_object("telemetry");
    json.put("url", settings().url).put("subject", subject_);
    json.put("connected", connection_.is_ready()).put("tls", connection_.in_tls());
    if (since_) json.put("since", format_utc(*since_));
    json.put("delivered", delivered_).put("queued", queue_.size());
    json.put("dropped", queue_.dropped()).put("refused", refused_);
    if (trouble_.stands()) json.put("trouble", trouble_.why());
    json.end();
}

void TelemetryDuty::tell(std::vector<Trouble>& all) const {
    trouble_.tell(all, "telemetry");
    if (refusal_.stands()) {
        refusal_.tell(all, "telemetry");
        all.back().code = "telemetry-refused";
    }
    if (dropped_since_) {
        all.push_back({.code = "telemetry-dropped",
                       .since = *dropped_since_,
                       .why = std::to_string(queue_.dropped()) +
                              " events were dropped, as more waited than are kept"});
    }
}

}  // namespace bulkhead::worker
