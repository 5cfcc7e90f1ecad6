#include "worker/backend/hyprbox/hyprbox_jobs.hpp"

#include "worker/backend/dialect/identifiers.hpp"
#include "worker/backend/http/url.hpp"
#include "worker/backend/hyprbox/hyprbox_wire.hpp"
#include "worker/backend/json/utf8.hpp"

namespace bulkhead::worker {

namespace {

using hyprbox_wire::failure;
using hyprbox_wire::headers;
using hyprbox_wire::is_success;
using hyprbox_wire::kMaxAnswerBytes;

// Exit codes as a shell reports them (bash(1), EXIT STATUS): 126 for a command that was not
// executed, 128 + 9 for one that SIGKILL ended.
constexpr int kNotExecuted = 126;
constexpr int kKilled = 137;

Result<std::string> read_id(const JsonValue& job, const std::string& member) {
    const auto id = TRY(job.member(member));
    auto text = id.text(128);
    if (const auto number = id.integer(0, INT64_MAX)) text = std::to_string(*number);
    TRY(check_delivery_id(TRY(text)));
    return text;
}

// The server marks a job as RUNNING when it delivers it. A job with an id therefore always becomes
// an offer, so that it is reported, if only as refused.
Result<JobNews> read_news(const HttpAnswer& answer, const HyprboxOptions& options) {
    const auto body = TRY(JsonValue::parse(answer.body));
    auto job = body.find("job");
    if (!job && body.find(options.id_member)) job = body;
    if (!job) return JobNews{};
    JobOffer offer{.id = TRY(read_id(*job, options.id_member)), .work = UnusableJob{}};
    const auto script = job->member(options.script_member);
    auto text = script ? script->text(kMaxScriptBytes) : std::unexpected(script.error());
    if (text) {
        offer.work = ScriptJob{std::move(*text)};
    } else {
        offer.work = UnusableJob{text.error().what};
    }
    return JobNews{.offer = std::move(offer)};
}

Answer<> judge_report(const HttpAnswer& answer) {
    if (is_success(answer.status)) return {};
    if (answer.status == 404 || answer.status == 409) {
        return failure(Failure::Kind::unknown_job,
                       "status " + std::to_string(answer.status) + ": the job is gone");
    }
    return failure(answer);
}

// The broker takes exit code 194 for a request to restart the host. For a job that may request it,
// which this reason says, 194 is a success.
constexpr int kRebootExit = 194;
constexpr std::string_view kRebootReason = "reboot-requested";

int exit_code_of(const JobResult& result) {
    if (result.reason == kRebootReason && result.exit_code == kRebootExit) return 0;
    if (result.exit_code) return *result.exit_code;
    if (result.signal) return 128 + *result.signal;
    const bool never_ran =
        result.outcome == JobOutcome::refused || result.outcome == JobOutcome::failed_to_start;
    return never_ran ? kNotExecuted : kKilled;
}

// The member errorMsg. Empty for a job that ran to its end: any text marks it as FAILED.
std::string error_of(const JobResult& result) {
    const auto told = [&result](std::string_view what) {
        auto text = std::string(what) + ": " + result.reason;
        if (!result.detail.empty()) text += ": " + result.detail;
        return text;
    };
    switch (result.outcome) {
        case JobOutcome::finished:
            return "";
        case JobOutcome::refused:
            return told("refused by this host, nothing was executed");
        case JobOutcome::timed_out:
            return told("ended by this host after its time was up");
        case JobOutcome::cancelled:
            return told("cancelled");
        case JobOutcome::interrupted:
            return told("interrupted");
        case JobOutcome::failed_to_start:
            return told("could not be started");
    }
    return told("interrupted");
}

// A line in the output that says how much of it is missing, because the server knows no offsets.
std::string dropped(std::uint64_t octets) {
    return "\n[" + std::to_string(octets) + " bytes dropped by this host]\n";
}

// Lines at the end of the output with facts that the server has no member for.
std::string last_words(const JobResult& result) {
    std::string text;
    if (result.left_behind > 0) {
        text += "\n[still running when the job had ended, and ended too: " +
                std::to_string(result.left_behind) + " (" + result.left_names + ")]\n";
    }
    // What was cut is told in its place.
    if (result.incomplete == kOutputLost) {
        text += "\n[incomplete: some of what the job printed was lost on this host: output-lost]\n";
    } else if (result.incomplete == kOutputRefused) {
        text += "\n[incomplete: some of what the job printed was not taken: output-refused]\n";
    }
    if (result.reason == kRebootReason) text += "\n[this host restarts, as the job asked]\n";
    return text;
}

std::string with_id(std::string path, std::string_view id) {
    return path.replace(path.find("{id}"), 4, percent_encoded(id));
}

}  // namespace

const JobTraits& HyprboxJobs::traits() const {
    static constexpr JobTraits kTraits{.drains_after_heartbeat = true,
                                       .merged_output = true,
                                       .output_as_text = true,
                                       .last_output_in_result = true,
                                       .flush_interval = std::chrono::milliseconds(1'500),
                                       .max_chunk_bytes = 256_KiB,
                                       .default_timeout = std::chrono::minutes(30)};
    return kTraits;
}

Exchange<JobNews> HyprboxJobs::next_job(const Identity& identity, const SystemInfo& system,
                                        std::chrono::seconds) const {
    const auto& node = hyprbox_wire::node_id(options_, system);
    return {.request = {.method = "GET",
                        .path = options_.pending_path + "?nodeId=" + percent_encoded(node),
                        .headers = headers(identity, false),
                        .max_answer_bytes = kMaxJobAnswerBytes},
            .judge = [options = options_](const HttpAnswer& answer) -> Answer<JobNews> {
                if (answer.status == 204) return JobNews{};
                if (!is_success(answer.status)) return failure(answer);
                auto news = read_news(answer, options);
                if (!news) return judge_unreadable(news.error());
                return std::move(*news);
            }};
}

Exchange<OutputReceipt> HyprboxJobs::output(const Identity& identity, OutputChunk chunk) const {
    const auto& octets = std::get<std::string>(chunk.data);
    auto text = lossy_utf8(octets);
    if (chunk.skip_from) text = dropped(chunk.offset - *chunk.skip_from) + text;
    JsonWriter json;
    json.begin_object().put(options_.chunk_member, text).end();
    return {.request = {.method = "POST",
                        .path = with_id(options_.output_path, chunk.delivery_id.value),
                        .headers = headers(identity, true),
                        .body = std::move(json).take(),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = [next = chunk.offset +
                             octets.size()](const HttpAnswer& answer) -> Answer<OutputReceipt> {
                const auto taken = judge_report(answer);
                if (!taken) return std::unexpected(taken.error());
                return OutputReceipt{.next_offset = next};
            }};
}

Exchange<> HyprboxJobs::result(const Identity& identity, const JobResult& result) const {
    JsonWriter json;
    json.begin_object().put("exitCode", exit_code_of(result));
    json.put(options_.rest_member, lossy_utf8(result.last_output + last_words(result)));
    if (const auto error = error_of(result); !error.empty()) {
        json.put("errorMsg", lossy_utf8(error));
    }
    json.end();
    return {.request = {.method = "POST",
                        .path = with_id(options_.complete_path, result.delivery_id.value),
                        .headers = headers(identity, true),
                        .body = std::move(json).take(),
                        .max_answer_bytes = kMaxAnswerBytes},
            .judge = &judge_report};
}

}  // namespace bulkhead::worker
