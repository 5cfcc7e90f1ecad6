#include "worker/backend/ravenxcope/ravenxcope_dialect.hpp"

#include <algorithm>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMaxAnswerBytes = 64_KiB;
// A heartbeat interval from the backend outside these bounds is ignored.
constexpr std::int64_t kLeastSeconds = 5;
constexpr std::int64_t kMostSeconds = 3600;

std::string with_id(std::string path, std::string_view id) {
    return path.replace(path.find("{id}"), 4, percent_encoded(id));
}

// The name that RavenXcope's agent sends: Go's but for amd64.
std::string architecture(const SystemInfo& system) {
    return system.go_architecture == "amd64" ? "x86_64" : system.go_architecture;
}

// The first text in "message", "errors" and "error", or in the first element of such an array; ""
// if there is none.
std::string reason_of(const HttpAnswer& answer) {
    const auto body = JsonValue::parse(answer.body);
    if (!body) return "";
    for (const auto* name : {"message", "errors", "error"}) {
        const auto member = body->find(name);
        if (!member) continue;
        if (const auto text = member->text(kMaxAnswerBytes)) return *text;
        const auto items = member->items(100);
        if (!items || items->empty()) continue;
        if (const auto text = items->front().text(kMaxAnswerBytes)) return *text;
    }
    return "";
}

Answer<HeartbeatReceipt> judge_heartbeat(const HttpAnswer& answer) {
    if (answer.status >= 200 && answer.status < 300) return HeartbeatReceipt{};
    return judge_failure(answer, reason_of(answer));
}

Result<Enrolled> read_enrolled(const JsonValue& body, const std::string& sensor_id) {
    const auto data = TRY(body.member("data"));
    // The answer's sensorId and backendUrl are ignored: the operator's settings decide under which
    // id and to which server requests are sent.
    Enrolled enrolled{
        .identity = {.agent_id = sensor_id,
                     .credential = Secret(TRY(TRY(data.member("sensorToken")).text(4096)))}};
    TRY(check_credential(enrolled.identity.credential.reveal()));
    if (const auto asked = data.find("heartbeatIntervalSeconds")) {
        const auto seconds = asked->integer(kLeastSeconds, kMostSeconds);
        if (seconds) enrolled.heartbeat_interval = std::chrono::seconds(*seconds);
    }
    return enrolled;
}

bool says_failed(const JsonValue& body) {
    const auto success = body.find("success");
    return body.find("errors") || (success && !success->truth().value_or(false));
}

}  // namespace

RavenxcopeDialect::RavenxcopeDialect(RavenxcopeOptions options)
    : options_(std::move(options)),
      traits_{.heartbeat_interval = std::chrono::seconds(30),
              .needs_cpu_percent = true,
              .retries = Retries{},
              .longest_rejected_pause = std::chrono::seconds(0),
              .credential_name = "sensor token",
              .rejection_hint =
                  "heartbeats go on, and it does not enroll again by itself: ask an "
                  "admin for a token of this sensor",
              .network = {.links = true, .address_probe = options_.address_probe}} {}

void RavenxcopeDialect::put_interfaces(JsonWriter& json, const NetworkFacts& network) const {
    json.begin_array("interfaces");
    for (const auto& link : network.links) {
        const auto& name = link.interface.name;
        const bool named_so =
            std::ranges::any_of(options_.virtual_prefixes,
                                [&name](const auto& prefix) { return name.starts_with(prefix); });
        json.begin_object()
            .put("name", name)
            .put("isManagement", link.default_route)
            .put("isLoopback", link.loopback)
            .put("isVirtual", named_so || link.software)
            .put("isWireless", name.starts_with("wl"))
            .put("isUp", link.up)
            .put("bytesSent", link.interface.tx_bytes)
            .put("bytesRecv", link.interface.rx_bytes)
            .end();
    }
    json.end();
}

Exchange<Enrolled> RavenxcopeDialect::enroll(const EnrollRequest& request) const {
    const auto& system = request.system;
    JsonWriter json;
    json.begin_object()
        .put("installToken", request.install_token.reveal())
        .put("hostname", options_.hostname.empty() ? system.hostname : options_.hostname)
        .put("osInfo", options_.os_info.empty() ? system.os.pretty_name : options_.os_info)
        .put("architecture", architecture(system))
        .put("agentVersion", options_.agent_version)
        .put("sensorIp", request.network.address.value_or(""))
        .put("sensorPort", options_.sensor_port)
        .put("sudoUser", options_.sudo_user);
    put_interfaces(json, request.network);
    json.end();
    return {.request = {.method = "POST",
                        .path = with_id(options_.enroll_path, options_.sensor_id),
                        .headers = {{"Content-Type", Secret("application/json")}},
                        .body = std::move(json).take(),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = [id = options_.sensor_id](const HttpAnswer& answer) -> Answer<Enrolled> {
                if (answer.status != 200) return judge_failure(answer, reason_of(answer));
                const auto body = JsonValue::parse(answer.body);
                if (!body) return judge_unreadable(body.error());
                if (says_failed(*body)) {
                    const auto why = reason_of(answer);
                    return failure(
                        Failure::Kind::refused,
                        "status 200 without success" + (why.empty() ? "" : ": " + quoted(why)));
                }
                auto enrolled = read_enrolled(*body, id);
                if (enrolled) return *std::move(enrolled);
                return failure(Failure::Kind::refused,
                               "no sensor token in the answer: " + enrolled.error().what);
            }};
}

Exchange<HeartbeatReceipt> RavenxcopeDialect::heartbeat(const Identity& identity,
                                                        const Heartbeat& beat) const {
    const auto& token = identity.credential.reveal();
    const auto memory = beat.metrics.memory.value_or(Memory{});
    JsonWriter json;
    json.begin_object()
        .put("sensorToken", token)
        .put("timestamp", format_utc(beat.sent_at))
        .put("cpuUsage", beat.metrics.last_cpu_percent.value_or(0))
        .put("memoryUsed", memory.uncached_bytes())
        .put("memoryTotal", memory.total_bytes)
        .put("memoryPercent", memory.uncached_percent());
    put_interfaces(json, beat.network);
    json.end();
    return {.request = {.method = "POST",
                        .path = with_id(options_.heartbeat_path, options_.sensor_id),
                        .headers = {{"Content-Type", Secret("application/json")},
                                    {"X-Sensor-Token", Secret(token)}},
                        .body = std::move(json).take(),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = &judge_heartbeat};
}

}  // namespace bulkhead::worker
