// The ravenxcope dialect, by RavenXcope's documentation: a sensor enrolls once with an install
// token, which is then spent, and sends heartbeats with its own token in a header and in the body.
#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/dialects/requests.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::string_view kName = "ravenxcope";

Shape interface_shape() {
    return object({{"name", text()},
                   {"isManagement", boolean()},
                   {"isLoopback", boolean()},
                   {"isVirtual", boolean()},
                   {"isWireless", boolean()},
                   {"isUp", boolean()},
                   {"bytesSent", integer()},
                   {"bytesRecv", integer()}});
}

Shape enrolment_shape() {
    return object({{"installToken", text()},
                   {"hostname", text()},
                   {"osInfo", text()},
                   {"architecture", text()},
                   {"agentVersion", text()},
                   {"sensorIp", text()},
                   {"sensorPort", integer(1)},
                   {"sudoUser", text()},
                   {"interfaces", list(interface_shape())}});
}

Shape heartbeat_shape() {
    return object({{"sensorToken", text()},
                   {"timestamp", timestamp()},
                   {"cpuUsage", number()},
                   {"memoryUsed", integer()},
                   {"memoryTotal", integer()},
                   {"memoryPercent", number()},
                   {"interfaces", list(interface_shape())}});
}

Answer failure(int status, std::string_view why) {
    return Answer::json(status, {{"success", false}, {"errors", json::array({why})}});
}

/// The body, or the answer that says what is wrong with it in RavenXcope's form.
OrAnswer<json> body_of(const Call& call, const Shape& shape) {
    if (!call.header("content-type").starts_with("application/json"))
        return std::unexpected(failure(415, "Content-Type must be application/json"));
    auto body = json::parse(call.body, nullptr, false);
    if (body.is_discarded()) return std::unexpected(failure(400, "the body is not JSON"));
    if (const auto complaint = shape.mismatch(body))
        return std::unexpected(failure(400, *complaint));
    return body;
}

Answer enroll(const Call& call, Services services) {
    const auto body = body_of(call, enrolment_shape());
    if (!body) return body.error();
    const auto& id = call.captured.at("id");
    const auto token = (*body)["installToken"].get<std::string>();
    const auto answer = services.store.change([&](State& state) -> Answer {
        const auto known = state.install_tokens.find(token);
        if (known == state.install_tokens.end() || known->second.expired)
            return failure(401, "the install token is not valid");
        if (!known->second.host_id.empty()) return failure(401, "the install token was used");
        known->second.host_id = id;
        auto& enrolment = state.enrolments[id];
        state.credentials.erase(enrolment.credential);
        enrolment.agent_id = id;
        enrolment.install_token = token;
        enrolment.credential = "rxs_" + random_hex(16);
        enrolment.request = *body;
        ++enrolment.times;
        state.credentials[enrolment.credential] = id;
        json data{{"sensorId", id},
                  {"sensorToken", enrolment.credential},
                  {"backendUrl", "http://10.10.10.70:5009"}};
        if (state.heartbeat_seconds > 0) data["heartbeatIntervalSeconds"] = state.heartbeat_seconds;
        return Answer::json(200, {{"success", true}, {"data", data}});
    });
    if (answer.status == 200) services.narrator.say("sensor " + id + " enrolled");
    return answer;
}

Answer heartbeat(const Call& call, Services services) {
    auto body = body_of(call, heartbeat_shape());
    if (!body) return body.error();
    const auto& id = call.captured.at("id");
    const auto token = call.header("x-sensor-token");
    const bool known = services.store.read([&](const State& state) {
        const auto owner = state.credentials.find(token);
        return owner != state.credentials.end() && owner->second == id;
    });
    if (!known || (*body)["sensorToken"] != token)
        return failure(401, "the sensor token is not valid");
    services.store.change([&](State& state) {
        state.add(Heartbeat{std::string(kName), id, std::move(*body), system_clock::now()});
    });
    services.narrator.say("heartbeat of sensor " + id);
    return Answer::json(200, {{"success", true}});
}

}  // namespace

void add_ravenxcope_routes(Router& router, Services services) {
    router.add("POST", "/api/sensors/{id}/agent/enroll",
               [=](const Call& call) { return enroll(call, services); });
    router.add("POST", "/api/sensors/{id}/agent/heartbeat",
               [=](const Call& call) { return heartbeat(call, services); });
}

}  // namespace bulkhead::reference
