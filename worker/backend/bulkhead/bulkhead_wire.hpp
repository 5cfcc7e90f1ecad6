// What all requests and answers of the bulkhead dialect share: headers, the size of an answer, and
// the schema Error of openapi.yaml.
#pragma once
#include <string>
#include <vector>

#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker::bulkhead_wire {

inline constexpr std::uint64_t kMaxAnswerBytes = 64_KiB;

inline HttpHeader json_body() { return {"Content-Type", Secret("application/json")}; }

inline HttpHeader bearer(const Identity& identity) {
    return {"Authorization", Secret("Bearer " + identity.credential.reveal())};
}

// "CODE: MESSAGE" of a body {"error":{"code":"...","message":"..."}}; "" if it has no such code.
inline std::string reason_of(const HttpAnswer& answer) {
    const auto body = JsonValue::parse(answer.body);
    const auto error = body ? body->find("error") : std::nullopt;
    if (!error) return "";
    const auto word = [&error](std::string_view name) {
        const auto member = error->find(name);
        return member ? member->text(kMaxAnswerBytes).value_or("") : "";
    };
    const auto code = word("code");
    return code.empty() ? "" : code + ": " + word("message");
}

inline std::unexpected<Failure> failure(const HttpAnswer& answer) {
    return judge_failure(answer, reason_of(answer));
}

}  // namespace bulkhead::worker::bulkhead_wire
