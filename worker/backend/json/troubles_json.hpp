// Troubles of this host as JSON, for heartbeats and `bulkhead status`.
#pragma once
#include <span>

#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

// "troubles":[{"code":"ledger-lost","since":"2026-11-29T10:00:00Z","why":"..."}]
inline void put_troubles(JsonWriter& json, std::span<const Trouble> troubles) {
    json.begin_array("troubles");
    for (const auto& [code, since, why] : troubles) {
        json.begin_object().put("code", code).put("since", format_utc(since)).put("why", why).end();
    }
    json.end();
}

}  // namespace bulkhead::worker
