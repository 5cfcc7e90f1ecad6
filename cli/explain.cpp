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

constexpr std::array kOptions{Option{"--json"}, Option{"--log-dir", Option::Takes::once}};
constexpr std::array kFacts{"job",    "delivery", "backend", "profile", "rule",  "manifest",
                            "script", "signers",  "params",  "remarks", "detail"};

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
    for (const auto* name : kFacts) {
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
std::string reason_of(const PastJob& job) {
    const auto comma = job.outcome.find(", ");
    return comma == job.outcome.npos ? "" : job.outcome.substr(comma + 2);
}

// What a program was refused is between it and the kernel: root does not see it, and the author of
// a job sees the words of an error alone.
std::string hint_on(const PastJob& job) {
    const bool failed = job.outcome.starts_with("finished, ") && job.outcome != "finished, exit 0";
    const auto profile = text_in(job.start, "profile");
    if (!failed || profile.empty()) return "";
    return "bulkhead show-confinement " + plain(profile) +
           ": its profile may be the cause (docs/jobs.md has what scripts meet) where the output "
           "has \"Permission denied\", \"Operation not permitted\", \"Read-only file system\", "
           "\"Address family not supported\" or \"Network is unreachable\", or lacks a file that "
           "is "
           "there";
}

std::string end_of(const PastJob& job) {
    auto text = row(
        "ended", job.ended.empty() ? "not yet, by the audit log" : job.ended + ", " + job.outcome);
    if (const auto hint = hint_on(job); !hint.empty()) text += row("perhaps", hint);
    return explained(reason_of(job), 0) ? text + advice_on(reason_of(job)) : text;
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

// All that the audit log has of a job's number, job id or delivery id.
struct Known {
    std::vector<PastJob> jobs;
    json refusal;  // the last decision, if it was one; else null
    bool empty() const { return jobs.empty() && refusal.is_null(); }
};

Result<Known> known_of(const std::string& directory, const std::string& word) {
    Known known;
    const auto number = parse_number<std::uint64_t>(word);
    for (auto& job : TRY(past_jobs(directory))) {
        const bool same = (number && job.number == *number) || text_in(job.start, "job") == word ||
                          text_in(job.start, "delivery") == word;
        if (same) known.jobs.push_back(std::move(job));
    }
    auto verdict = TRY(last_verdict(directory, word));
    if (verdict.is_object() && text_in(verdict, "decision") != "admit") {
        known.refusal = std::move(verdict);
    }
    return known;
}

std::string text_of(const Known& known) {
    std::string text;
    for (const auto& job : known.jobs) text += (text.empty() ? "" : "\n") + text_of(job);
    if (known.refusal.is_null()) return text;
    return text + (text.empty() ? "" : "\n") + text_of(known.refusal);
}

// --- the same as JSON

json explanations(std::string_view code) {
    auto all = json::array();
    for (std::size_t i = 0; const auto one = explained(code, i); ++i) {
        all.push_back({{"kind", one->kind}, {"means", one->means}, {"do", one->action}});
    }
    return all;
}

void put_facts(json& into, const json& line) {
    for (const auto* name : kFacts) {
        if (line.contains(name)) into[name] = line[name];
    }
}

json as_json(const PastJob& job) {
    json one{{"number", job.number},
             {"job", job.start.value("job", json())},
             {"started", job.started},
             {"ended", job.ended.empty() ? json() : json(job.ended)},
             {"outcome", job.ended.empty() ? json() : json(job.outcome)}};
    put_facts(one, job.verdict.is_object() ? job.verdict : job.start);
    const auto reason = reason_of(job);
    const bool known = explained(reason, 0).has_value();
    const auto hint = hint_on(job);
    one["perhaps"] = hint.empty() ? json() : json(hint);
    one["reason"] = known ? json(reason) : json();
    one["explanations"] = known ? explanations(reason) : json::array();
    return one;
}

json as_json(const Known& known) {
    json all{{"jobs", json::array()}, {"refusal", json()}};
    for (const auto& job : known.jobs) all["jobs"].push_back(as_json(job));
    if (known.refusal.is_null()) return all;
    const auto reason = text_in(known.refusal, "reason");
    json refusal{{"time", known.refusal.value("time", json())},
                 {"reason", reason},
                 {"explanations", explanations(reason)}};
    put_facts(refusal, known.refusal);
    all["refusal"] = std::move(refusal);
    return all;
}

// `format` is raised when a member changes its meaning or goes.
Result<> print_json(const std::string& word, const Known& known, const Error* error) {
    auto document = as_json(known);
    document["format"] = 1;
    document["asked"] = word;
    document["code"] = explanations(word);
    document["error"] = error == nullptr ? json() : json(error->what);
    return print(document.dump(2, ' ', true, json::error_handler_t::replace) + "\n");
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
    const bool as_json = options.has("--json");
    if (const auto text = text_of_code(word); !text.empty()) {
        TRY(as_json ? print_json(word, {}, nullptr) : print(text));
        return kDone;
    }
    const auto known = known_of(options.value("--log-dir", kLogDirectory), word);
    if (known && !known->empty()) {
        TRY(as_json ? print_json(word, *known, nullptr) : print(text_of(*known)));
        return kDone;
    }
    const auto why = unknown(word, known ? nullptr : &known.error());
    if (!as_json) return why;
    TRY(print_json(word, {}, &why.error()));
    return kNo;
}

}  // namespace bulkhead::cli
