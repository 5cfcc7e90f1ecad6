#include "cli/http/answers.hpp"

#include <algorithm>
#include <array>

#include "cli/status/verdict.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using json = StatusJson;

constexpr std::array kDuties{"enrollment", "presence", "heartbeat",
                             "inventory",  "findings", "jobs"};

std::string dumped(const json& document) {
    return document.dump(-1, ' ', true, json::error_handler_t::replace);
}

// The entry of a worker whose dialect is aegisflux; null if there is none.
json aegisflux_entry(const std::vector<Asked>& workers) {
    for (const auto& one : workers) {
        auto entry = own_entry(one);
        if (entry && text_of(*entry, "dialect") == "aegisflux") return *std::move(entry);
    }
    return {};
}

void copy(json& to, const json& from, const char* name) {
    const auto& value = from.is_object() ? member(from, name) : from;
    if (!value.is_null() && !value.is_structured()) to[name] = value;
}

json said_by(const Asked& one) {
    json said{{"backend", one.backend}};
    const auto entry = own_entry(one);
    said["answers"] = entry.has_value();
    if (!entry) return said;
    for (const auto* name : {"dialect", "enrollment", "last_heartbeat", "last_inventory"}) {
        const auto text = text_of(*entry, name);
        if (!text.empty()) said[name] = text;
    }
    said["failing"] = json::array();
    for (const auto* duty : kDuties) {
        if (!text_of(*entry, (std::string(duty) + "_trouble").c_str()).empty()) {
            said["failing"].push_back(duty);
        }
    }
    return said;
}

json root_part(const json& said) {
    auto part = json::object();
    for (const auto* name : {"version", "started", "written", "host"}) copy(part, said, name);
    const auto& policy = member(said, "policy");
    json known;
    for (const auto* name : {"digest", "loaded", "on_disk"}) copy(known, policy, name);
    if (!known.is_null()) part["policy"] = known;
    const auto& walls = member(said, "walls");
    if (walls.is_object()) part["missing_walls"] = member(walls, "missing");
    return part;
}

}  // namespace

HttpAnswer answer_healthz(const RootFile& root, const std::vector<Asked>& workers,
                          HealthShape shape) {
    const auto verdict = judge(root, workers);
    const bool healthy = verdict.kind == Verdict::Kind::healthy;
    const int status = healthy ? 200 : 503;
    if (const auto entry = aegisflux_entry(workers); !entry.is_null()) {
        return {.status = status,
                .body = aegisflux_health(shape, healthy, root, entry, sys::now())};
    }
    json body{{"healthy", healthy}};
    if (verdict.kind != Verdict::Kind::unknown) body["troubles"] = verdict.troubles.size();
    return {.status = status, .body = dumped(body) + "\n"};
}

HttpAnswer answer_status(const RootFile& root, const std::vector<Asked>& workers) {
    if (const auto entry = aegisflux_entry(workers); !entry.is_null()) {
        return {.status = 200, .body = aegisflux_status(root, entry, sys::now())};
    }
    const auto verdict = judge(root, workers);
    json body{{"healthy", verdict.kind == Verdict::Kind::healthy}};
    if (!verdict.why.empty()) body["known"] = false;
    body["troubles"] = json::array();
    for (const auto& one : verdict.troubles) {
        json trouble{{"code", one.code}, {"says", one.says}};
        if (!one.since.empty()) trouble["since"] = one.since;
        body["troubles"].push_back(std::move(trouble));
    }
    if (root.state == RootFile::State::fresh) body["root"] = root_part(root.said);
    body["according_to_workers"] = json::array();
    for (const auto& one : workers) body["according_to_workers"].push_back(said_by(one));
    return {.status = 200, .body = dumped(body) + "\n"};
}

}  // namespace bulkhead::cli
