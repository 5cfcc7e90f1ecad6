#include "worker/backend/hyprbox/hyprbox_dialect.hpp"

#include "worker/backend/hyprbox/hyprbox_wire.hpp"

namespace bulkhead::worker {

namespace {

std::string heartbeat_body(const HyprboxOptions& options, const Heartbeat& beat) {
    const auto& metrics = beat.metrics;
    JsonWriter json;
    // The server requires the three percentages, so one that could not be read is sent as 0:
    // without it the heartbeat would be refused, and the node shown as down.
    json.begin_object()
        .put("node_id", hyprbox_wire::node_id(options, beat.system))
        .put("hostname", beat.system.hostname)
        .put("os", beat.system.os.id)
        .put("cpu_percent", metrics.last_cpu_percent.value_or(0))
        .put("ram_percent", metrics.memory ? metrics.memory->used_percent() : 0.0)
        .put("disk_percent", metrics.disk ? metrics.disk->used_percent : 0.0)
        .put("status", "online")
        .put("agent_version", options.agent_version)
        .put("kernel", beat.system.kernel_release)
        .put("architecture", beat.system.go_architecture);
    // ip and region are sent only if known: the server keeps the old value of an absent one.
    const auto ip = options.ip == "auto" ? beat.network.address.value_or("") : options.ip;
    if (!ip.empty()) json.put("ip", ip);
    if (!options.region.empty()) json.put("region", options.region);
    json.end();
    return std::move(json).take();
}

Answer<HeartbeatReceipt> judge_heartbeat(const HttpAnswer& answer) {
    if (!hyprbox_wire::is_success(answer.status)) return hyprbox_wire::failure(answer);
    return HeartbeatReceipt{};
}

}  // namespace

HyprboxDialect::HyprboxDialect(const HyprboxOptions& options)
    : options_(options), jobs_(options), findings_(options) {
    traits_.heartbeat_interval = std::chrono::minutes(5);
    traits_.needs_cpu_percent = true;
    // As with the original agent, the next heartbeat is the next try.
    traits_.longest_rejected_pause = std::chrono::seconds(0);
    traits_.credential_name = "node token";
    traits_.rejection_hint =
        "401 means that it is unknown or revoked, 403 that it is pinned to another node: ask an "
        "admin for one that is pinned to this node";
    if (options_.ip == "auto") traits_.network.address_probe = "8.8.8.8";
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
