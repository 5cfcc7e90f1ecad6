#include "cli/http/aegisflux.hpp"

#include <algorithm>
#include <vector>

namespace bulkhead::cli {

namespace {

using json = StatusJson;

constexpr std::size_t kMostCapabilities = 16 * 1024;  // bytes; more are left out

std::int64_t seconds_of(const json& object, const char* name) {
    const auto& value = member(object, name);
    return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

// As Go writes a time.Duration of whole seconds: "1h0m5s", "59m59s", "0s".
std::string go_duration(std::int64_t seconds) {
    std::string text;
    if (seconds >= 3'600) text += std::to_string(seconds / 3'600) + "h";
    if (seconds >= 60) text += std::to_string(seconds / 60 % 60) + "m";
    return text + std::to_string(seconds % 60) + "s";
}

std::int64_t since(std::int64_t then, UnixTime now) {
    const auto passed = now.time_since_epoch().count() - then;
    return then > 0 && passed > 0 ? passed : 0;
}

// What root has loaded at present. An agent that is not there, or hangs, has no list.
std::vector<json> loaded_artifacts(const RootFile& root) {
    std::vector<json> loaded;
    if (root.state != RootFile::State::fresh) return loaded;
    const auto& artifacts = member(root.said, "artifacts");
    if (!artifacts.is_object()) return loaded;
    const auto& all = member(artifacts, "list");
    if (!all.is_array()) return loaded;
    for (const auto& one : all) {
        if (one.is_object() && text_of(one, "state") == "loaded") loaded.push_back(one);
    }
    return loaded;
}

json applied(const json& artifact, UnixTime now) {
    const auto ends = seconds_of(artifact, "expires");
    const auto left = std::max<std::int64_t>(ends - now.time_since_epoch().count(), 0);
    return {{"artifact_id", text_of(artifact, "id")},
            {"name", text_of(artifact, "id")},
            {"version", ""},
            {"status", "running"},
            {"loaded_at", time_of(artifact, "since")},
            {"ttl_remaining", go_duration(left)},
            {"ttl_seconds", left}};
}

// As "0.25" for a quarter of one processor in a hundred.
double cpu_percent(const std::vector<json>& loaded) {
    double sum = 0;
    for (const auto& one : loaded) {
        sum += static_cast<double>(seconds_of(one, "cpu_millipercent")) / 1'000;
    }
    return sum;
}

// The members that say who answers, in the backend's own agent.
void put_sender(json& body, const RootFile& root, const json& entry, UnixTime now) {
    body["host_id"] = text_of(entry, "host_id");
    body["timestamp"] = format_utc(now);
    body["uptime"] = go_duration(since(seconds_of(root.said, "started"), now));
    body["version"] = text_of(root.said, "version");
}

std::string dumped(const json& body) {
    return body.dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace

std::string aegisflux_health(HealthShape shape, bool healthy, const RootFile& root,
                             const StatusJson& entry, UnixTime now) {
    if (shape == HealthShape::seed) return healthy ? R"({"ok":true})" : R"({"ok":false})";
    const auto loaded = loaded_artifacts(root).size();
    json body{{"status", !healthy ? "unhealthy" : loaded > 0 ? "running" : "healthy"}};
    put_sender(body, root, entry, now);
    body["loaded_programs"] = loaded;
    return dumped(body) + "\n";
}

std::string aegisflux_status(const RootFile& root, const StatusJson& entry, UnixTime now) {
    const auto artifacts = loaded_artifacts(root);
    json body{{"loaded", json::object()}};
    auto list = json::array();
    for (const auto& one : artifacts) {
        body["loaded"][text_of(one, "id")] = time_of(one, "expires");
        list.push_back(applied(one, now));
    }
    put_sender(body, root, entry, now);
    body["agent_uid"] = text_of(entry, "agent_id");
    body["registered"] =
        text_of(entry, "enrollment") == "enrolled" && !text_of(entry, "agent_id").empty();
    body["uptime_seconds"] = since(seconds_of(root.said, "started"), now);
    body["cpu_pct"] = cpu_percent(artifacts);
    body["applied_artifacts"] = std::move(list);
    body["total_programs"] = artifacts.size();
    const auto& capabilities = member(entry, "capabilities");
    if (dumped(capabilities).size() <= kMostCapabilities) body["capabilities"] = capabilities;
    return dumped(body) + "\n";
}

}  // namespace bulkhead::cli
