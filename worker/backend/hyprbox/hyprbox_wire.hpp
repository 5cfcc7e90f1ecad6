// What all requests and answers of the HyprBox dialect share: headers, success, errors, node id.
#pragma once
#include <string>
#include <vector>

#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/hyprbox/hyprbox_options.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker::hyprbox_wire {

inline constexpr std::uint64_t kMaxAnswerBytes = 64_KiB;

// The token is left out if there is none: a development server accepts heartbeats without it.
inline std::vector<HttpHeader> headers(const Identity& identity, bool with_body) {
    std::vector<HttpHeader> all;
    const auto& token = identity.credential.reveal();
    if (!token.empty()) all.push_back({"Authorization", Secret("Bearer " + token)});
    if (with_body) all.push_back({"Content-Type", Secret("application/json")});
    return all;
}

inline bool is_success(int status) { return status >= 200 && status < 300; }

// The first text among "message", "error" and "errorMsg", or "". HyprBox does not publish the form
// of its error bodies.
inline std::string reason_of(const HttpAnswer& answer) {
    const auto body = JsonValue::parse(answer.body);
    if (!body) return "";
    for (const auto* name : {"message", "error", "errorMsg"}) {
        const auto member = body->find(name);
        const auto text = member ? member->text(kMaxAnswerBytes) : fail("absent");
        if (text) return *text;
    }
    return "";
}

inline std::unexpected<Failure> failure(const HttpAnswer& answer) {
    return judge_failure(answer, reason_of(answer));
}

inline const std::string& node_id(const HyprboxOptions& options, const SystemInfo& system) {
    return options.node_id.empty() ? system.hostname : options.node_id;
}

}  // namespace bulkhead::worker::hyprbox_wire
