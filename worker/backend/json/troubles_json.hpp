// Troubles of this host as JSON, for heartbeats and `bulkhead status`.
#pragma once
#include <algorithm>
#include <span>

#include "common/base/text.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

// "troubles":[{"code":"ledger-lost","since":"2026-11-29T10:00:00Z","why":"..."}]
inline void put_troubles(JsonWriter& json, std::span<const Trouble> troubles) {
    json.begin_array("troubles");
    for (const auto& one : troubles) {
        json.begin_object();
        json.put("code", one.code).put("since", format_utc(one.since)).put("why", one.why);
        if (one.tries > 0) json.put("tries", std::uint64_t{one.tries});
        json.end();
    }
    json.end();
}

// "health":{"verdict":"trouble","troubles":[{"code":...,"since":...,"why":...,"says":"root"}]}: all
// of root's troubles and of the worker's, 32 at most.
inline void put_health(JsonWriter& json, std::span<const Trouble> root,
                       std::span<const Trouble> worker) {
    constexpr std::size_t kMost = 16;  // of each
    json.begin_object("health");
    json.put("verdict", std::string_view(root.empty() && worker.empty() ? "healthy" : "trouble"));
    json.begin_array("troubles");
    const auto put = [&](std::span<const Trouble> all, std::string_view says) {
        for (const auto& one : all.first(std::min(all.size(), kMost))) {
            json.begin_object();
            json.put("code", one.code).put("since", format_utc(one.since));
            json.put("why", BoundaryText<512>::clipped(one.why).str()).put("says", says);
            if (one.tries > 0) json.put("tries", std::uint64_t{one.tries});
            json.end();
        }
    };
    put(root, "root");
    put(worker, "worker");
    json.end().end();
}

// "policy_on_disk":{"state":"rejected","since":...,"why":...}, by root's troubles.
inline void put_policy_on_disk(JsonWriter& json, std::span<const Trouble> root) {
    const auto rejected = std::ranges::find(root, "policy-rejected", &Trouble::code);
    json.begin_object("policy_on_disk");
    if (rejected == root.end()) {
        json.put("state", std::string_view("in-force"));
    } else {
        json.put("state", std::string_view("rejected"))
            .put("since", format_utc(rejected->since))
            .put("why", BoundaryText<512>::clipped(rejected->why).str());
    }
    json.end();
}

}  // namespace bulkhead::worker
