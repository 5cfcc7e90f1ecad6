#include "worker/backend/aegisflux/aegisflux_presence.hpp"

#include <algorithm>

#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/json/bpf_support_json.hpp"
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

Answer<Presence> judge_heartbeat(const HttpAnswer& answer, const std::string& uid) {
    const auto body = JsonValue::parse(answer.body);
    if (!body) return judge_unreadable(body.error());
    const auto status = body->find("status");
    const auto said = status ? status->text(kMaxText) : fail("status: absent");
    if (!said) return judge_unreadable(said.error());
    // Where the agent is unknown, the backend has made a record of this heartbeat alone, or taken
    // it for one of another agent, whose host id is this uid.
    const auto named = body->find("agent_uid");
    const bool other = named && named->text(kMaxText).value_or("") != uid;
    return Presence{.known = *said != "registered" && !other, .next = {}};
}

// The backend makes a record of this where it has none, and registering does not change the
// organization and host name of a record that is there: so they are told each time. Labels and note
// are the operator's, and what is told of them here would take their place.
std::string body_of(const AegisfluxOptions& options, const Identity& identity,
                    const PresenceReport& report) {
    JsonWriter json;
    json.begin_object()
        .put("agent_uid", identity.agent_id)
        .put("last_seen", format_utc(report.now))
        .put("org_id", options.org_id)
        .put("host_id", options.host_id.empty() ? report.host_id : options.host_id)
        .put("hostname", report.system.hostname)
        .put("agent_version", report.agent_version);
    json.begin_object("capabilities");
    if (report.bpf_support) put_bpf_support(json, *report.bpf_support, report.system);
    // The backend tells by last_seen alone whether this host is online.
    if (!report.clock_trouble.empty()) json.put("clock_trouble", report.clock_trouble);
    json.end().end();
    return std::move(json).take();
}

}  // namespace

Exchange<Presence> AegisfluxPresence::presence(const Identity& identity,
                                               const PresenceReport& report) const {
    Exchange<Presence> record{.request = {.path = options_.registration_url + "/agents/" +
                                                  percent_encoded(identity.agent_id),
                                          .max_answer_bytes = kMaxAnswerBytes},
                              .judge = &judge_record};
    return {.request = {.method = "POST",
                        .path = options_.registration_url + "/agents/heartbeat",
                        .headers = {{"Content-Type", Secret("application/json")}},
                        .body = body_of(options_, identity, report),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = [record = std::move(record),
                      uid = identity.agent_id](const HttpAnswer& answer) -> Answer<Presence> {
                // The older backend takes the path for that of an agent called "heartbeat".
                if (answer.status == 404 || answer.status == 405) {
                    return Presence{.next = [record] { return record; }};
                }
                if (answer.status != 200) return judge_failure(answer, reason_of(answer));
                return judge_heartbeat(answer, uid);
            }};
}

}  // namespace bulkhead::worker
