#include "worker/backend/lunasentri/lunasentri_dialect.hpp"

#include <algorithm>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

// LunaSentri's decoder (Go's encoding/json) refuses a report with an integer above 2^63 - 1.
constexpr std::uint64_t kMostInteger = INT64_MAX;

// Sums over all interfaces, loopback and those that the settings leave out included, as gopsutil
// makes them for LunaSentri's agent. A sum of 0 is left out, as by that agent.
void put_traffic(JsonWriter& json, const Metrics& metrics) {
    const auto all = metrics.traffic.value_or(Traffic{});
    const auto put = [&](std::string_view member, std::uint64_t bytes) {
        if (bytes > 0) json.put(member, std::min(bytes, kMostInteger));
    };
    put("net_rx_bytes", all.rx_bytes);
    put("net_tx_bytes", all.tx_bytes);
}

// The server keeps its old value for a member that is absent.
void put_system(JsonWriter& json, const Heartbeat& beat) {
    const auto& system = beat.system;
    json.begin_object("system_info").put("hostname", system.hostname);
    if (!system.platform.name.empty()) json.put("platform", system.platform.name);
    if (!system.platform.version.empty()) json.put("platform_version", system.platform.version);
    json.put("kernel_version", system.kernel_release).put("cpu_cores", system.usable_cpu_count);
    if (const auto total = system.memory_total_bytes) json.put("memory_total_mb", *total / 1_MiB);
    if (beat.metrics.disk) json.put("disk_total_gb", beat.metrics.disk->total_bytes / 1_GiB);
    json.put("last_boot_time", format_utc(system.boot_time)).end();
}

std::string report(const Heartbeat& beat) {
    const auto& metrics = beat.metrics;
    JsonWriter json;
    // The server requires the three percentages, so one that could not be read is sent as 0:
    // without a report the server shows the machine as offline.
    json.begin_object()
        .put("cpu_pct", std::clamp(metrics.last_cpu_percent.value_or(0), 0.0, 100.0))
        .put("mem_used_pct",
             metrics.memory ? std::clamp(metrics.memory->used_percent(), 0.0, 100.0) : 0.0)
        .put("disk_used_pct",
             metrics.disk ? std::clamp(metrics.disk->used_percent, 0.0, 100.0) : 0.0);
    put_traffic(json, metrics);
    json.put_known("uptime_s", metrics.uptime_seconds);
    if (beat.report_system) put_system(json, beat);
    json.end();
    return std::move(json).take();
}

// The reason in the body, which is {"error": "..."} or plain text; of text the first line.
std::string reason_of(const HttpAnswer& answer) {
    constexpr std::size_t kMaxReason = 4_KiB;
    if (const auto body = JsonValue::parse(answer.body)) {
        const auto member = body->find("error");
        const auto text = member ? member->text(kMaxReason) : fail("absent");
        return text ? *text : "";
    }
    const std::string_view text = answer.body;
    return std::string(trimmed(text.substr(0, std::min(text.find('\n'), kMaxReason))));
}

Answer<HeartbeatReceipt> judge(const HttpAnswer& answer) {
    if (answer.status == 202) return HeartbeatReceipt{};
    auto judged = judge_failure(answer, reason_of(answer));
    auto& failure = judged.error();
    if (answer.status == 200 || (answer.status >= 300 && answer.status < 400)) {
        failure.kind = Failure::Kind::refused;
        failure.text += "; this is not LunaSentri's API, which answers 202: check url";
    } else if (answer.status == 408 || answer.status == 425) {
        failure.kind = Failure::Kind::refused;
    } else if (answer.status == 405) {
        failure.text += "; something between here and LunaSentri changed the request: check url";
    }
    return judged;
}

}  // namespace

LunasentriDialect::LunasentriDialect(const LunasentriOptions& options)
    : traits_{.heartbeat_interval = std::chrono::seconds(10),
              .system_info_interval = options.system_info_period,
              .first_after_interval = true,
              .needs_cpu_percent = true,
              .retries = Retries{.first = options.retry_backoff, .most = options.max_retries},
              // A machine that was enabled again is back before the server shows it as offline,
              // after two minutes.
              .longest_rejected_pause = std::chrono::seconds(60),
              .credential_name = "API key",
              .rejection_hint =
                  "either the machine is disabled or the key was rotated, LunaSentri "
                  "does not say which: ask an admin to enable the machine, or to "
                  "rotate the key"},
      user_agent_(options.user_agent) {}

// The server looks at the key before it reads the body, and stores nothing of one that it cannot
// read.
std::optional<Exchange<Standing>> LunasentriDialect::ask_standing(
    const StandingQuestion& question) const {
    HttpRequest request{
        .method = "POST",
        .path = "/agent/metrics",
        .headers = {{"Authorization", Secret("Bearer " + question.identity.credential.reveal())},
                    {"Content-Type", Secret("application/json")}},
        .body = "?"};
    return Exchange<Standing>{
        .request = std::move(request), .judge = [](const HttpAnswer& answer) -> Answer<Standing> {
            using enum Standing::Kind;
            const auto reason = reason_of(answer);
            if (answer.status == 400 && reason == "Invalid request body") {
                return Standing{.kind = known,
                                .text =
                                    "the server knows this host's API key, and its machine is "
                                    "enabled",
                                .next = {}};
            }
            auto failed = judge_failure(answer, reason).error();
            if (answer.status != 401) return std::unexpected(std::move(failed));
            return Standing{.kind = unknown,
                            .text =
                                "the API key is unknown or rotated, or its machine is "
                                "disabled: " +
                                failed.text,
                            .next = {}};
        }};
}

Exchange<HeartbeatReceipt> LunasentriDialect::heartbeat(const Identity& identity,
                                                        const Heartbeat& beat) const {
    HttpRequest request{.method = "POST",
                        .path = "/agent/metrics",
                        .body = report(beat),
                        .max_answer_bytes = 64_KiB};
    request.headers.push_back({"Authorization", Secret("Bearer " + identity.credential.reveal())});
    request.headers.push_back({"Content-Type", Secret("application/json")});
    if (!user_agent_.empty()) request.headers.push_back({"User-Agent", Secret(user_agent_)});
    return {.request = std::move(request), .judge = &judge};
}

}  // namespace bulkhead::worker
