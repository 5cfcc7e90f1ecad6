#include "worker/backend/aegisflux/aegisflux_presence.hpp"

#include <algorithm>

#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMaxAnswerBytes = 1_MiB;  // an agent's whole record
constexpr std::size_t kMaxText = 512;

std::string reason_of(const HttpAnswer& answer) {
    return answer.body.substr(0, std::min(answer.body.find('\n'), kMaxText));
}

Answer<Presence> judge_record(const HttpAnswer& answer) {
    if (answer.status == 404) return Presence{.known = false, .next = {}};
    if (answer.status != 200) return judge_failure(answer, reason_of(answer));
    return Presence{};
}

Answer<Presence> judge_heartbeat(const HttpAnswer& answer) {
    const auto body = JsonValue::parse(answer.body);
    if (!body) return judge_unreadable(body.error());
    const auto status = body->find("status");
    const auto said = status ? status->text(kMaxText) : fail("status: absent");
    if (!said) return judge_unreadable(said.error());
    // "registered": the agent was unknown, and the backend has made a record of this heartbeat
    // alone.
    return Presence{.known = *said != "registered", .next = {}};
}

}  // namespace

Exchange<Presence> AegisfluxPresence::presence(const Identity& identity, UnixTime now) const {
    JsonWriter json;
    json.begin_object().put("agent_uid", identity.agent_id).put("last_seen", format_utc(now)).end();
    Exchange<Presence> record{.request = {.path = options_.registration_url + "/agents/" +
                                                  percent_encoded(identity.agent_id),
                                          .max_answer_bytes = kMaxAnswerBytes},
                              .judge = &judge_record};
    return {.request = {.method = "POST",
                        .path = options_.registration_url + "/agents/heartbeat",
                        .headers = {{"Content-Type", Secret("application/json")}},
                        .body = std::move(json).take(),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = [record = std::move(record)](const HttpAnswer& answer) -> Answer<Presence> {
                // The older backend takes the path for that of an agent called "heartbeat".
                if (answer.status == 404 || answer.status == 405) {
                    return Presence{.next = [record] { return record; }};
                }
                if (answer.status != 200) return judge_failure(answer, reason_of(answer));
                return judge_heartbeat(answer);
            }};
}

}  // namespace bulkhead::worker
