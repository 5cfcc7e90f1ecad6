// The lunasentri dialect, as the LunaSentri server (apps/api-go) answers: an empty 202 to a report,
// plain text for refusals, and 200 to every unknown path.
#include <algorithm>
#include <cctype>
#include <sstream>

#include "tests/backend/dialects/dialect.hpp"
#include "tests/backend/shape.hpp"

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::string_view kName = "lunasentri";
constexpr std::string_view kReport = "/agent/metrics";

Answer text(int status, std::string body) {
    return {.status = status, .body = std::move(body), .content_type = "text/plain; charset=utf-8"};
}

Answer error(std::string_view message) { return Answer::json(400, {{"error", message}}); }

/// X-API-Key takes precedence over Authorization, also if it is wrong. "Bearer " is case-sensitive.
std::string key_of(const Call& call) {
    const auto given = call.header("x-api-key");
    return given.empty() ? call.bearer() : given;
}

/// Finds a member without regard to case, as Go's encoding/json does.
const json* member(const json& body, std::string_view name) {
    const auto same = [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    };
    const json* found = nullptr;
    for (const auto& [key, value] : body.items()) {
        if (std::ranges::equal(key, name, same)) found = &value;
    }
    return found == nullptr || found->is_null() ? nullptr : found;
}

/// True for a JSON integer up to 2^63 - 1, but not for 4.0 or 1e3.
bool is_integer(const json& value) {
    return value.is_number_unsigned() ? value.get<std::uint64_t>() <= INT64_MAX
                                      : value.is_number_integer();
}

/// True for a time of RFC 3339 in UTC ("Z"), which is the form that agents send.
bool is_time(const json& value) {
    return value.is_string() && !timestamp().mismatch(value).has_value();
}

bool has_types(const json& body) {
    const auto each = [](const json& object, std::initializer_list<const char*> names,
                         bool (*good)(const json&)) {
        return std::ranges::all_of(names, [&](const char* name) {
            const auto* value = member(object, name);
            return value == nullptr || good(*value);
        });
    };
    const auto is_number = [](const json& value) { return value.is_number(); };
    const auto is_text = [](const json& value) { return value.is_string(); };
    if (!body.is_object()) return false;
    if (!each(body, {"timestamp"}, is_time)) return false;
    if (!each(body, {"cpu_pct", "mem_used_pct", "disk_used_pct", "uptime_s"}, is_number))
        return false;
    if (!each(body, {"net_rx_bytes", "net_tx_bytes"}, is_integer)) return false;
    const auto* system = member(body, "system_info");
    if (system == nullptr) return true;
    return system->is_object() &&
           each(*system, {"hostname", "platform", "platform_version", "kernel_version"}, is_text) &&
           each(*system, {"cpu_cores", "memory_total_mb", "disk_total_gb"}, is_integer) &&
           each(*system, {"last_boot_time"}, is_time);
}

/// Parses one value and ignores what follows it, as Go's json.Decoder does.
std::optional<json> first_value(const std::string& text) {
    std::istringstream stream(text);
    try {
        json value;
        stream >> value;
        return value;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

double percent_of(const json& body, const char* name) {
    const auto* value = member(body, name);
    return value == nullptr ? 0 : value->get<double>();
}

std::optional<Answer> refuse_key(const Call& call, const Store& store) {
    const auto key = key_of(call);
    if (key.empty()) return text(401, "Unauthorized: API key required\n");
    const bool good = store.read([&](const State& state) {
        const auto machine = state.machines.find(key);
        return machine != state.machines.end() && machine->second.enabled;
    });
    if (!good) return text(401, "Unauthorized: invalid API key\n");
    return std::nullopt;
}

Answer metrics(const Call& call, Services services) {
    if (const auto refusal = refuse_key(call, services.store)) return *refusal;
    if (call.method != "POST") return text(405, "Method not allowed\n");
    // cpp-httplib has decompressed the body; for LunaSentri a compressed body is not JSON.
    const bool packed = !call.header("content-encoding").empty();
    const auto body = packed ? std::nullopt : first_value(call.body);
    if (!body || !has_types(*body)) return text(400, "Invalid request body\n");
    for (const auto* name : {"cpu_pct", "mem_used_pct", "disk_used_pct"}) {
        const auto percent = percent_of(*body, name);
        if (percent < 0 || percent > 100)
            return error(std::string(name) + " must be between 0 and 100");
    }
    const bool stored = services.store.change([&](State& state) {
        if (state.storage_broken) return false;
        auto& machine = state.machines[key_of(call)];
        if (const auto* system = member(*body, "system_info")) {
            for (const auto& [name, value] : system->items()) {
                if (!value.is_null()) machine.system[name] = value;
            }
        }
        state.add(Heartbeat{std::string(kName), machine.name, *body, system_clock::now()});
        return true;
    });
    if (!stored) return text(500, "Failed to record metrics\n");
    services.narrator.say("report of " + key_of(call).substr(0, 4) + "...");
    return Answer::empty(202);
}

/// Removes doubled slashes, as Go's http.ServeMux does before it looks up a path.
std::string cleaned(std::string path) {
    for (auto at = path.find("//"); at != path.npos; at = path.find("//")) path.erase(at, 1);
    return path;
}

Answer anything(const Call& call, Services services) {
    if (const auto path = cleaned(call.path); path != call.path) {
        auto moved = Answer::empty(301);
        moved.headers.emplace("Location", path);
        return moved;
    }
    if (call.path == kReport) return metrics(call, services);
    if (call.path == "/health") return Answer::json(200, {{"status", "healthy"}});
    return text(200, "LunaSentri API - Coming Soon");
}

}  // namespace

void add_lunasentri_routes(Router& router, Services services) {
    router.add("POST", std::string(kReport),
               [=](const Call& call) { return metrics(call, services); });
}

Handler lunasentri_alone(Services services) {
    return [=](const Call& call) { return anything(call, services); };
}

}  // namespace bulkhead::reference
