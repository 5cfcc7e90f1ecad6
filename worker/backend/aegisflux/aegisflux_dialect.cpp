#include "worker/backend/aegisflux/aegisflux_dialect.hpp"

#include "common/base/text.hpp"
#include "worker/backend/aegisflux/artifact_list.hpp"
#include "worker/backend/aegisflux/identity_key.hpp"
#include "worker/backend/dialect/http_status.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

Answer<HeartbeatReceipt> judge_poll(const HttpAnswer& answer) {
    HeartbeatReceipt receipt;
    receipt.artifacts.emplace();
    if (answer.status == 404) return receipt;  // no artifact is assigned to this host
    if (answer.status != 200) {
        // Every failure is retry: a poll carries no credential, and the next may be answered.
        auto failed = judge_failure(answer, answer.body.substr(0, answer.body.find('\n'))).error();
        failed.kind = Failure::Kind::retry;
        return std::unexpected(std::move(failed));
    }
    auto list = parse_artifact_list(answer.body);
    if (!list) return judge_unreadable(list.error());
    receipt.artifacts = std::move(list->assigned);
    receipt.declined = std::move(list->declined);
    return receipt;
}

// "last seen 4 min ago"; "" for a time that is not in Go's form of RFC 3339. Go writes a fraction
// of a second.
std::string last_seen(std::string_view time, UnixTime now) {
    const auto seen = parse_utc(std::string(time.substr(0, 19)) + "Z");
    if (!seen || !time.ends_with('Z')) return "";
    const auto age = (now - *seen).count();
    if (age < 0) return ", last seen in the future by this host's clock";
    if (age < 120) return ", last seen " + std::to_string(age) + " s ago";
    if (age < 7'200) return ", last seen " + std::to_string(age / 60) + " min ago";
    return ", last seen " + std::to_string(age / 3'600) + " h ago";
}

Answer<Standing> judge_record(const HttpAnswer& answer, const std::string& uid, UnixTime now) {
    using enum Standing::Kind;
    if (answer.status == 404) {
        return Standing{.kind = unknown,
                        .text = "the actions API does not know " + uid +
                                "; it forgets its agents when it is restarted",
                        .next = {}};
    }
    if (answer.status != 200) return judge_failure(answer, "");
    const auto body = JsonValue::parse(answer.body);
    if (!body) return judge_unreadable(body.error());
    const auto named = body->find("agent_uid");
    if (!named || named->text(128).value_or("") != uid) {
        return judge_unreadable({"agent_uid: not " + uid});
    }
    const auto time = body->find("last_seen");
    return Standing{.kind = known,
                    .text = "the backend knows this host as " + uid +
                            (time ? last_seen(time->text(64).value_or(""), now) : ""),
                    .next = {}};
}

Answer<Standing> judge_assigned(const HttpAnswer& answer, const std::string& host) {
    using enum Standing::Kind;
    const auto receipt = judge_poll(answer);
    if (!receipt) return std::unexpected(receipt.error());
    const auto count = receipt->artifacts->size();
    if (count > 0) {
        return Standing{.kind = known,
                        .text = "the registry assigns " + std::to_string(count) +
                                " artifacts to the host " + host,
                        .next = {}};
    }
    return Standing{.text = "the registry assigns nothing to the host " + host +
                            ", which is what it answers for hosts that it does not know as well",
                    .next = {}};
}

}  // namespace

std::optional<Exchange<Standing>> AegisfluxDialect::ask_standing(
    const StandingQuestion& question) const {
    if (options_.registration_url.empty()) {
        if (options_.host_id.empty()) return std::nullopt;
        return Exchange<Standing>{
            .request = {.path = "/artifacts/for-host/" + percent_encoded(options_.host_id)},
            .judge = [host = options_.host_id](const HttpAnswer& answer) {
                return judge_assigned(answer, host);
            }};
    }
    if (question.identity.agent_id.empty() && question.key.empty()) return std::nullopt;
    const auto uid = question.identity.agent_id.empty() ? agent_uid_of(question.key)
                                                        : question.identity.agent_id;
    return Exchange<Standing>{
        .request = {.path = options_.registration_url + "/agents/" + percent_encoded(uid),
                    .max_answer_bytes = 1_MiB},
        .judge = [uid, now = question.now](const HttpAnswer& answer) {
            return judge_record(answer, uid, now);
        }};
}

const DialectTraits& AegisfluxDialect::traits() const {
    static const DialectTraits kTraits{.heartbeat_interval = std::chrono::seconds(10),
                                       .wants_credential = false,
                                       .wants_bpf_support = true,
                                       .reports_name_agent = false,
                                       .first_after_interval = true};
    return kTraits;
}

Exchange<HeartbeatReceipt> AegisfluxDialect::heartbeat(const Identity&,
                                                       const Heartbeat& beat) const {
    const auto& host = options_.host_id.empty() ? beat.host_id : options_.host_id;
    return {.request = {.path = "/artifacts/for-host/" + percent_encoded(host)},
            .judge = &judge_poll};
}

}  // namespace bulkhead::worker
