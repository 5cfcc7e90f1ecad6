#include "worker/backend/bulkhead/bulkhead_jobs.hpp"

#include "worker/backend/bulkhead/bulkhead_wire.hpp"
#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/http/url.hpp"

namespace bulkhead::worker {

namespace {

using bulkhead_wire::bearer;
using bulkhead_wire::failure;
using bulkhead_wire::kMaxAnswerBytes;
using bulkhead_wire::reason_of;

// Added to the timeout of a long poll, so that the backend's 204 after `wait` comes in time.
constexpr std::chrono::seconds kPollGrace{15};
constexpr std::size_t kMaxParams = 64;
constexpr std::size_t kMaxCancels = 256;

Result<std::map<std::string, std::string>> read_params(const JsonValue& job) {
    std::map<std::string, std::string> params;
    if (const auto given = job.find("params")) {
        for (const auto& [name, value] : TRY(given->members(kMaxParams))) {
            params[name] = TRY(value.text(64_KiB));
        }
    }
    return params;
}

Result<std::variant<ScriptJob, CatalogueJob, UnusableJob>> read_work(const JsonValue& job) {
    const auto script = job.find("script");
    const auto catalogue = job.find("catalogue");
    if (script && catalogue) return fail("job: both a script and a catalogue name");
    if (!script && !catalogue) return fail("job: neither a script nor a catalogue name");
    auto params = TRY(read_params(job));
    if (catalogue) return CatalogueJob{TRY(catalogue->text(128)), std::move(params)};
    return ScriptJob{TRY(script->text(kMaxScriptBytes)), std::move(params)};
}

Result<JobOffer> read_offer(const JsonValue& job) {
    const auto id = TRY(job.member("id"));
    JobOffer offer{.id = TRY(id.text(128)), .work = UnusableJob{}};
    TRY(check_delivery_id(offer.id.value));
    // The job has a valid id, so anything else that is wrong with it can be reported to the
    // backend.
    auto work = read_work(job);
    if (work) {
        offer.work = std::move(*work);
    } else {
        offer.work = UnusableJob{work.error().what};
    }
    return offer;
}

Result<JobNews> read_news(const HttpAnswer& answer) {
    const auto body = TRY(JsonValue::parse(answer.body));
    JobNews news;
    if (const auto cancel = body.find("cancel")) {
        for (const auto& id : TRY(cancel->items(kMaxCancels))) {
            news.cancels.push_back({TRY(id.text(128))});
        }
    }
    if (const auto job = body.find("job")) news.offer = TRY(read_offer(*job));
    if (news.empty()) return fail("neither a job nor a cancel");
    return news;
}

Answer<JobNews> judge_news(const HttpAnswer& answer) {
    if (answer.status == 204) return JobNews{};
    if (answer.status != 200) return failure(answer);
    auto news = read_news(answer);
    if (!news) return judge_unreadable(news.error());
    return std::move(*news);
}

// Output and results are dropped only if the backend itself refuses them, which its body of the
// schema Error (openapi.yaml) shows. A 404 without one may come from a proxy whose backend is down.
std::unexpected<Failure> report_failure(const HttpAnswer& answer) {
    auto judged = failure(answer);
    auto& failure = judged.error();
    if (failure.kind == Failure::Kind::credential_rejected) return judged;
    if (reason_of(answer).empty()) {
        failure.kind = Failure::Kind::retry;
    } else if (answer.status == 404) {
        failure.kind = Failure::Kind::unknown_job;
    }
    return judged;
}

// 409 means that there is a gap before the chunk; like 200 it has next_offset, from which output
// continues.
Answer<OutputReceipt> judge_output(const HttpAnswer& answer) {
    if (answer.status != 200 && answer.status != 409) return report_failure(answer);
    const auto body = JsonValue::parse(answer.body);
    if (!body) return judge_unreadable(body.error());
    const auto next = body->member("next_offset");
    if (!next) {
        return answer.status == 409 ? report_failure(answer) : judge_unreadable(next.error());
    }
    const auto offset = next->integer(0, INT64_MAX);
    if (!offset) return judge_unreadable(offset.error());
    return OutputReceipt{.next_offset = static_cast<std::uint64_t>(*offset)};
}

Answer<> judge_result(const HttpAnswer& answer) {
    if (answer.status == 204) return {};
    // 409 with an Error: the backend has the result, and its answer to an earlier try was lost.
    if (answer.status == 409 && !reason_of(answer).empty()) return {};
    if (answer.status == 200) {
        // A captive portal answers 200 too, but not with JSON: the result has to be sent again.
        const auto body = JsonValue::parse(answer.body);
        if (!answer.body.empty() && !body) return judge_unreadable(body.error());
        return {};
    }
    return report_failure(answer);
}

void put_stream(JsonWriter& json, std::string_view name, const StreamSummary& stream) {
    json.begin_object(name)
        .put("bytes", stream.bytes)
        .put("sha256", stream.sha256)
        .put("dropped", stream.dropped);
    if (stream.incomplete) json.put("complete", false);
    json.end();
}

std::string result_body(const JobResult& result) {
    JsonWriter json;
    json.begin_object()
        .put("outcome", name_of(result.outcome))
        .put("exit_code", result.exit_code)
        .put("signal", result.signal)
        .put("reason", result.reason)
        .put("detail", result.detail)
        .put("rule", result.rule)
        .put("wall_ms", result.wall_ms)
        .put("cpu_ms", result.cpu_ms)
        .put("max_rss_bytes", result.max_rss_bytes)
        .put("oom_killed", result.oom_killed);
    // These members are sent only if they say something: older backends do not know them.
    if (result.left_behind > 0) {
        json.put("left_behind", result.left_behind).put("left_behind_names", result.left_names);
    }
    if (result.rebooted) json.put("rebooted", true);
    if (!result.remarks.empty()) json.put("remarks", result.remarks);
    if (!result.incomplete.empty()) {
        json.put("complete", false).put("incomplete", result.incomplete);
    }
    put_stream(json, "stdout", result.out);
    put_stream(json, "stderr", result.err);
    json.end();
    return std::move(json).take();
}

std::string job_path(std::string_view id) { return "/v1/jobs/" + percent_encoded(id); }

}  // namespace

const JobTraits& BulkheadJobs::traits() const {
    static constexpr JobTraits kTraits{.long_polls = true, .output_by_offset = true};
    return kTraits;
}

Exchange<JobNews> BulkheadJobs::next_job(const Identity& identity, const SystemInfo&,
                                         std::chrono::seconds wait) const {
    return {.request = {.method = "GET",
                        .path = "/v1/jobs/next?wait=" + std::to_string(wait.count()),
                        .headers = {bearer(identity)},
                        .timeout = wait + kPollGrace,
                        .max_answer_bytes = kMaxJobAnswerBytes},
            .judge = &judge_news};
}

Exchange<OutputReceipt> BulkheadJobs::output(const Identity& identity, OutputChunk chunk) const {
    HttpRequest request{
        .method = "PUT",
        .path = job_path(chunk.delivery_id.value) + "/output/" +
                (chunk.stream == Stream::stderr_ ? "stderr" : "stdout") +
                "?offset=" + std::to_string(chunk.offset),
        .headers = {bearer(identity), {"Content-Type", Secret("application/octet-stream")}},
        .max_answer_bytes = kMaxAnswerBytes};
    if (chunk.skip_from) {
        request.headers.push_back({"Bulkhead-Skip-From", Secret(std::to_string(*chunk.skip_from))});
    }
    std::visit([&request](auto& data) { request.body = std::move(data); }, chunk.data);
    return {.request = std::move(request), .judge = &judge_output};
}

Exchange<> BulkheadJobs::result(const Identity& identity, const JobResult& result) const {
    return {.request = {.method = "POST",
                        .path = job_path(result.delivery_id.value) + "/result",
                        .headers = {bearer(identity), bulkhead_wire::json_body()},
                        .body = result_body(result),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = &judge_result};
}

}  // namespace bulkhead::worker
