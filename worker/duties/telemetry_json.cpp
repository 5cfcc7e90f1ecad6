#include "worker/duties/telemetry_json.hpp"

#include "common/base/text.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMostTroubles = 32;

void put_message(JsonWriter& json, std::string_view member, const std::string& text) {
    if (text.empty()) return;
    // Text that is no UTF-8 would become empty; JsonWriter mends it, so only its length counts.
    const auto clipped = BoundaryText<1024>::clipped(text).str();
    json.put(member, clipped.empty() ? text.substr(0, 1024) : clipped);
}

}  // namespace

std::string json_of(const TelemetrySender& sender, const ArtifactEvent& event, UnixTime now) {
    JsonWriter json;
    json.begin_object();
    json.put("host_id", sender.host_id).put("artifact_id", event.artifact_id);
    json.put("status", event.status).put("drops", event.drops).put("errors", event.errors);
    json.put("cpu_pct", event.cpu_pct);
    put_message(json, "verifier_msg", event.verifier_msg);
    put_message(json, "error_message", event.error_message);
    json.put("ts", format_utc(now)).end();
    return std::move(json).take();
}

std::string json_of(const TelemetrySender& sender, const JobEvent& event, UnixTime now) {
    JsonWriter json;
    json.begin_object();
    json.put("type", std::string_view("job"));
    json.put("host_id", sender.host_id).put("backend", sender.backend);
    json.put("delivery_id", event.delivery_id).put("event", event.event);
    if (!event.outcome.empty()) json.put("outcome", event.outcome);
    if (!event.reason.empty()) json.put("reason", event.reason);
    json.put_known("exit_code", event.exit_code).put_known("signal", event.signal);
    json.put("ts", format_utc(now)).end();
    return std::move(json).take();
}

std::string json_of(const TelemetrySender& sender, const TelemetryHeartbeat& beat,
                    std::uint64_t dropped, UnixTime now) {
    JsonWriter json;
    json.begin_object();
    json.put("type", std::string_view("heartbeat"));
    json.put("host_id", sender.host_id).put("backend", sender.backend);
    json.put("hostname", beat.hostname).put("version", std::string_view(BULKHEAD_VERSION));
    json.put("jobs_running", beat.jobs_running);
    json.begin_array("troubles");
    for (std::size_t i = 0; i < beat.troubles.size() && i < kMostTroubles; ++i) {
        json.add(beat.troubles[i]);
    }
    json.end();
    json.put("dropped", dropped).put("ts", format_utc(now)).end();
    return std::move(json).take();
}

}  // namespace bulkhead::worker
