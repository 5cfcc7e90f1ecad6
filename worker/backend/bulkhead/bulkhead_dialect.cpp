#include "worker/backend/bulkhead/bulkhead_dialect.hpp"

#include <algorithm>
#include <ranges>

#include "worker/backend/bulkhead/bulkhead_wire.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/json/troubles_json.hpp"

namespace bulkhead::worker {

namespace {

using bulkhead_wire::failure;

// maxItems of Metrics.interfaces in openapi.yaml; a host with many containers may have more.
constexpr std::size_t kMaxInterfaces = 1024;

void put_system(JsonWriter& json, const SystemInfo& system) {
    json.begin_object("system")
        .put("os", system.os.name)
        .put("os_version", system.os.version_id)
        .put("kernel", system.kernel_release)
        .put("architecture", system.machine)
        .put("cpu_count", system.cpu_count)
        .put_known("memory_total_bytes", system.memory_total_bytes)
        .put("boot_time", format_utc(system.boot_time));
    if (const auto& hardware = system.hardware; hardware.known()) {
        json.begin_object("hardware")
            .put_known("vendor", hardware.vendor)
            .put_known("model", hardware.model)
            .put_known("serial", hardware.serial)
            .put_known("uuid", hardware.uuid)
            .end();
    }
    json.end();
}

void put_interfaces(JsonWriter& json, const std::vector<Interface>& interfaces) {
    json.begin_array("interfaces");
    for (const auto& interface : interfaces | std::views::take(kMaxInterfaces)) {
        json.begin_object()
            .put("name", interface.name)
            .put("rx_bytes", interface.rx_bytes)
            .put("tx_bytes", interface.tx_bytes)
            .put("rx_packets", interface.rx_packets)
            .put("tx_packets", interface.tx_packets)
            .put("rx_errors", interface.rx_errors)
            .put("tx_errors", interface.tx_errors)
            .end();
    }
    json.end();
}

// A value that could not be read is left out: a backend would take 0 for a reading.
void put_metrics(JsonWriter& json, const Metrics& metrics) {
    json.begin_object("metrics").put_known("cpu_percent", metrics.cpu_percent);
    if (const auto& memory = metrics.memory) {
        json.begin_object("memory")
            .put("total_bytes", memory->total_bytes)
            .put("used_bytes", memory->used_bytes())
            .put("available_bytes", memory->available_bytes)
            .put("used_percent", memory->used_percent())
            .end();
    }
    if (const auto& swap = metrics.swap) {
        json.begin_object("swap")
            .put("total_bytes", swap->total_bytes)
            .put("used_bytes", swap->used_bytes)
            .end();
    }
    if (const auto& disk = metrics.disk) {
        json.begin_object("disk")
            .put("path", disk->path)
            .put("total_bytes", disk->total_bytes)
            .put("used_bytes", disk->used_bytes)
            .put("used_percent", disk->used_percent)
            .put("inodes_used_percent", disk->inodes_used_percent)
            .end();
    }
    if (const auto& load = metrics.load) {
        json.begin_array("load")
            .add(load->one_minute)
            .add(load->five_minutes)
            .add(load->fifteen_minutes)
            .end();
    }
    json.put_known("uptime_seconds", metrics.uptime_seconds);
    if (metrics.interfaces) {
        const auto cut =
            metrics.interfaces->size() - std::min(metrics.interfaces->size(), kMaxInterfaces);
        put_interfaces(json, *metrics.interfaces);
        json.put("interfaces_left_out", metrics.interfaces_left_out + cut);
    }
    if (const auto& limits = metrics.limits) {
        json.begin_object("limits")
            .put("memory_bytes", limits->memory_bytes)
            .put("cpus", limits->cpus)
            .end();
    }
    json.end();
}

void put_head(JsonWriter& json, std::string_view name, const std::optional<ChainHead>& head) {
    if (head) json.begin_object(name).put("size", head->size).put("head", head->head).end();
}

std::string heartbeat_body(const Identity& identity, const Heartbeat& beat) {
    JsonWriter json;
    json.begin_object()
        .put("agent_id", identity.agent_id)
        .put("sequence", beat.sequence)
        .put("sent_at", format_utc(beat.sent_at))
        .put("agent_version", beat.agent_version)
        .put("host_id", beat.host_id)
        .put("policy_digest", beat.policy_digest)
        .put("walls_digest", beat.walls_digest)
        .put("ceiling_digest", beat.ceiling_digest)
        .put("restart_needed", beat.restart_needed);
    json.begin_object("confinement").put("landlock_abi", beat.confinement.landlock_abi);
    json.begin_array("missing");
    for (const auto& mechanism : beat.confinement.missing) json.add(mechanism);
    json.end().end();
    put_head(json, "audit", beat.audit);
    put_head(json, "ledger", beat.ledger);
    put_troubles(json, beat.troubles);
    put_health(json, beat.troubles, beat.worker_troubles);
    put_policy_on_disk(json, beat.troubles);
    put_metrics(json, beat.metrics);
    if (beat.report_system) put_system(json, beat.system);
    json.begin_object("jobs").begin_array("running");
    for (const auto& id : beat.running_jobs) json.add(id.value);
    json.end().put("unreported", beat.unreported_jobs).end();
    json.end();
    return std::move(json).take();
}

Result<std::optional<std::chrono::seconds>> interval_in(const JsonValue& answer) {
    const auto asked = answer.find("heartbeat_seconds");
    if (!asked) return std::nullopt;
    const auto seconds = TRY(asked->integer(0, INT64_MAX));
    return std::chrono::seconds(std::clamp(seconds, kLeastHeartbeatSeconds, kMostHeartbeatSeconds));
}

Result<Enrolled> read_enrolled(const HttpAnswer& answer) {
    const auto body = TRY(JsonValue::parse(answer.body));
    const auto agent_id = TRY(body.member("agent_id"));
    const auto credential = TRY(body.member("credential"));
    Enrolled enrolled;
    enrolled.identity.agent_id = TRY(agent_id.text(128));
    TRY(check_agent_id(enrolled.identity.agent_id));
    enrolled.identity.credential = Secret(TRY(credential.text(4096)));
    TRY(check_credential(enrolled.identity.credential.reveal()));
    enrolled.heartbeat_interval = TRY(interval_in(body));
    return enrolled;
}

Answer<Enrolled> judge_enrolled(const HttpAnswer& answer) {
    if (answer.status == 409) {
        auto refused = failure(answer);
        refused.error().text +=
            "; ask an admin to remove this host at the backend, or put the credential that it had "
            "into the file that credential_file of agent.yaml names";
        return refused;
    }
    if (answer.status != 200) return failure(answer);
    auto enrolled = read_enrolled(answer);
    if (!enrolled) return judge_unreadable(enrolled.error());
    return std::move(*enrolled);
}

Answer<HeartbeatReceipt> judge_heartbeat(const HttpAnswer& answer) {
    if (answer.status == 204) return HeartbeatReceipt{};
    if (answer.status != 200) return failure(answer);
    const auto body = JsonValue::parse(answer.body);
    if (!body) return judge_unreadable(body.error());
    if (!body->is_object()) return judge_unreadable({"expected an object"});
    const auto interval = interval_in(*body);
    if (!interval) return judge_unreadable(interval.error());
    HeartbeatReceipt receipt{.heartbeat_interval = *interval};
    const auto read = read_artifacts(*body, receipt);
    if (!read) return judge_unreadable(read.error());
    return receipt;
}

Answer<Farewell> judge_farewell(const HttpAnswer& answer) {
    if (answer.status == 204) return Farewell{};
    if (answer.status == 404 || answer.status == 410) return Farewell{.was_known = false};
    return failure(answer);
}

}  // namespace

const DialectTraits& BulkheadDialect::traits() const {
    static const DialectTraits kTraits{};
    return kTraits;
}

Exchange<Enrolled> BulkheadDialect::enroll(const EnrollRequest& request) const {
    JsonWriter json;
    json.begin_object()
        .put("install_token", request.install_token.reveal())
        .put("host_id", request.host_id)
        .put("hostname", request.system.hostname)
        .put("agent_version", request.agent_version);
    put_system(json, request.system);
    json.end();
    return {.request = {.method = "POST",
                        .path = "/v1/enroll",
                        .headers = {bulkhead_wire::json_body()},
                        .body = std::move(json).take(),
                        .max_answer_bytes = bulkhead_wire::kMaxAnswerBytes},
            .judge = &judge_enrolled};
}

Exchange<HeartbeatReceipt> BulkheadDialect::heartbeat(const Identity& identity,
                                                      const Heartbeat& beat) const {
    return {.request = {.method = "POST",
                        .path = "/v1/heartbeat",
                        .headers = {bulkhead_wire::bearer(identity), bulkhead_wire::json_body()},
                        .body = heartbeat_body(identity, beat),
                        .max_answer_bytes = bulkhead_wire::kMaxAnswerBytes},
            .judge = &judge_heartbeat};
}

std::optional<Exchange<Farewell>> BulkheadDialect::say_good_bye(const Identity& identity) const {
    return Exchange<Farewell>{.request = {.method = "DELETE",
                                          .path = "/v1/agents/self",
                                          .headers = {bulkhead_wire::bearer(identity)},
                                          .body = {},
                                          .max_answer_bytes = bulkhead_wire::kMaxAnswerBytes},
                              .judge = &judge_farewell};
}

}  // namespace bulkhead::worker
