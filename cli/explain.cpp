// `bulkhead explain`: what a code means here and what to do about it, or what became of a job.
#include <array>

#include "cli/audit_lines.hpp"
#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/layout.hpp"
#include "cli/base/options.hpp"
#include "cli/explain/advice.hpp"
#include "cli/findings.hpp"
#include "common/base/text.hpp"
#include "worker/config/sources.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

constexpr std::array kOptions{Option{"--log-dir", Option::Takes::once}};

std::string text_of_code(std::string_view code) {
    std::string text;
    for (std::size_t i = 0; const auto one = explained(code, i); ++i) {
        text +=
            (i == 0 ? "" : "\n") + row("code", std::string(code) + ", " + std::string(one->kind));
        text += row("means", std::string(one->means)) + row("do", std::string(one->action));
    }
    return text;
}

std::string advice_on(const std::string& code) {
    const auto one = explained(code, 0);
    if (!one) return row("reason", code);
    return row("reason", code + ": " + std::string(one->means)) +
           row("do", std::string(one->action));
}

// The facts of a decision that the line has.
std::string facts_of(const json& line) {
    std::string text;
    for (const auto* name : {"job", "delivery", "backend", "profile", "rule", "manifest", "script",
                             "signers", "params", "remarks", "detail"}) {
        const auto found = line.find(name);
        if (found == line.end() || *found == "" || *found == json::array()) continue;
        std::string value;
        for (const auto& item : *found) {
            value += value.empty() ? "" : "; ";
            value += item.is_string() ? item.get<std::string>() : item.dump(-1, ' ', true);
        }
        if (!found->is_array()) value = text_in(line, name);
        text += row(name, plain(value.substr(0, 2048)));
    }
    return text;
}

std::string text_of(const json& verdict) {
    const bool admitted = text_in(verdict, "decision") == "admit";
    return row("verdict", (admitted ? "admitted at " : "refused at ") + text_in(verdict, "time")) +
           facts_of(verdict) + (admitted ? "" : advice_on(text_in(verdict, "reason")));
}

// "finished, exit 0" or "cancelled, stopped-by-operator": the reason is what stands after the
// comma.
std::string end_of(const PastJob& job) {
    auto text = row(
        "ended", job.ended.empty() ? "not yet, by the audit log" : job.ended + ", " + job.outcome);
    const auto comma = job.outcome.find(", ");
    const auto reason = comma == job.outcome.npos ? "" : job.outcome.substr(comma + 2);
    return explained(reason, 0) ? text + advice_on(reason) : text;
}

std::string text_of(const PastJob& job) {
    auto text = row("job", text_in(job.start, "job") + ", number " + std::to_string(job.number) +
                               ", started " + job.started);
    text += facts_of(job.verdict.is_object() ? job.verdict : job.start);
    return text + end_of(job);
}

// The last decision about a job or delivery of this id; null if there is none.
Result<json> last_verdict(const std::string& directory, const std::string& id) {
    json last;
    TRY(each_audit_line(directory, [&](std::string_view line) {
        if (line.find("\"event\":\"verdict\"") == line.npos) return;
        auto fields = json::parse(line, nullptr, false);
        if (!fields.is_object()) return;
        if (text_in(fields, "job") == id || text_in(fields, "delivery") == id)
            last = std::move(fields);
    }));
    return last;
}

// All that the audit log has of a job's number, job id or delivery id; "" if it has nothing.
Result<std::string> text_of_job(const std::string& directory, const std::string& word) {
    std::string text;
    const auto number = parse_number<std::uint64_t>(word);
    for (const auto& job : TRY(past_jobs(directory))) {
        const bool same = (number && job.number == *number) || text_in(job.start, "job") == word ||
                          text_in(job.start, "delivery") == word;
        if (same) text += (text.empty() ? "" : "\n") + text_of(job);
    }
    const auto verdict = TRY(last_verdict(directory, word));
    if (verdict.is_object() && text_in(verdict, "decision") != "admit") {
        text += (text.empty() ? "" : "\n") + text_of(verdict);
    }
    return text;
}

std::unexpected<Error> unknown(const std::string& word, const Error* log) {
    std::vector<std::string_view> codes;
    for (const auto table : {reason_advice(), trouble_advice(), said_advice(), end_advice()}) {
        for (const auto& one : table) codes.push_back(one.code);
    }
    auto text = quoted(word, 64) + ": no code" + worker::suggestion(word, codes);
    if (log != nullptr) return fail(text + "; nor can the audit log be read: " + log->what);
    return fail(text + "; nor a job number, job id or delivery of the audit log");
}

}  // namespace

Result<int> explain(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--log-dir"}));
    if (options.operands().size() != 1) return wrong("takes one CODE, or number or id of a JOB");
    const auto& word = options.operands()[0];
    if (const auto text = text_of_code(word); !text.empty()) {
        TRY(print(text));
        return kDone;
    }
    const auto of_job = text_of_job(options.value("--log-dir", kLogDirectory), word);
    if (!of_job || of_job->empty()) return unknown(word, of_job ? nullptr : &of_job.error());
    TRY(print(*of_job));
    return kDone;
}

}  // namespace bulkhead::cli
