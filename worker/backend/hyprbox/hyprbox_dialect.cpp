#include "worker/backend/hyprbox/hyprbox_dialect.hpp"

#include "worker/backend/hyprbox/hyprbox_wire.hpp"

namespace bulkhead::worker {

namespace {

std::string heartbeat_body(const HyprboxOptions& options, const Heartbeat& beat) {
    const auto& metrics = beat.metrics;
    JsonWriter json;
    // The three percentages are not optional here: a reading that failed goes as 0, because a
    // heartbeat that is refused for its lack would show the node as down.
    json.begin_object()
        .put("node_id", hyprbox_wire::node_id(options, beat.system))
        .put("hostname", beat.system.hostname)
        .put("os", beat.system.os.id)
        .put("cpu_percent", metrics.cpu_percent.value_or(0))
        .put("ram_percent", metrics.memory ? metrics.memory->used_percent() : 0.0)
        .put("disk_percent", metrics.disk ? metrics.disk->used_percent : 0.0)
        .put("status", "online")
        .put("agent_version", beat.agent_version)
        .put("kernel", beat.system.kernel_release)
        .put("architecture", beat.system.go_architecture);
    if (!options.region.empty()) json.put("region", options.region);
    json.end();
    return std::move(json).take();
}

Verdict<HeartbeatReceipt> judge_heartbeat(const HttpAnswer& answer) {
    if (!hyprbox_wire::is_success(answer.status)) return hyprbox_wire::failure(answer);
    return HeartbeatReceipt{};
}

}  // namespace

const Traits& HyprboxDialect::traits() const {
    static const Traits kTraits{.heartbeat_interval = std::chrono::minutes(5)};
    return kTraits;
}

Exchange<HeartbeatReceipt> HyprboxDialect::heartbeat(const Identity& identity,
                                                     const Heartbeat& beat) const {
    return {.request = {.method = "POST",
                        .path = options_.heartbeat_path,
                        .headers = hyprbox_wire::headers(identity, true),
                        .body = heartbeat_body(options_, beat),
                        .max_answer_bytes = hyprbox_wire::kMaxAnswerBytes},
            .judge = &judge_heartbeat};
}

}  // namespace bulkhead::worker
