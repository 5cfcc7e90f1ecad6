#include "cli/audit_lines.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include "common/audit/verify.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

std::string_view event_of(std::string_view line) {
    constexpr std::string_view kKey = "\",\"event\":\"";
    const auto at = line.find(kKey);
    if (at == line.npos) return "";
    const auto rest = line.substr(at + kKey.size());
    return rest.substr(0, rest.find('"'));
}

std::string outcome_of(const json& end) {
    const auto outcome = text_in(end, "outcome");
    const auto signal = text_in(end, "signal");
    if (outcome != "finished") return outcome + ", " + text_in(end, "reason");
    if (signal != "0") return outcome + ", signal " + signal;
    return outcome + ", exit " + text_in(end, "exit");
}

// Puts together the lines about each job, in the order of the log.
class Collector {
  public:
    void take(std::string_view line) {
        const auto event = event_of(line);
        const bool about_number =
            event.starts_with("job-") && (event != "job-orphaned" || !jobs_.empty());
        if (event != "verdict" && event != "parameter" && !about_number) return;
        auto fields = json::parse(line, nullptr, false);
        if (!fields.is_object()) return;
        const auto seq = fields.value("seq", std::uint64_t{0});
        if (event == "parameter") {
            begun_.try_emplace(text_in(fields, "delivery"), seq);
        } else if (event == "verdict") {
            take_verdict(std::move(fields), seq);
        } else {
            take_job(event, std::move(fields), seq);
        }
    }
    std::vector<PastJob> jobs() && { return std::move(jobs_); }

  private:
    void take_verdict(json fields, std::uint64_t seq) {
        const auto begun = begun_.find(text_in(fields, "delivery"));
        first_ = begun == begun_.end() ? seq : begun->second;
        begun_.clear();  // of deliveries that came to no verdict
        verdict_ = std::move(fields);
    }

    void take_job(std::string_view event, json fields, std::uint64_t seq) {
        if (!fields.contains("number") || !fields["number"].is_number_unsigned()) return;
        const auto number = fields["number"].get<std::uint64_t>();
        const auto found = latest_.find(number);
        if (event == "job-started") {
            const bool again =
                found != latest_.end() && jobs_[found->second].ended.empty() &&
                text_in(jobs_[found->second].start, "delivery") == text_in(fields, "delivery");
            if (!again) begin(number, std::move(fields), seq);
        } else if (found != latest_.end() && event == "job-ended") {
            auto& job = jobs_[found->second];
            job.ended = text_in(fields, "time");
            job.outcome = outcome_of(fields);
        }
        const auto job = latest_.find(number);
        if (job != latest_.end()) jobs_[job->second].last = seq;
    }

    void begin(std::uint64_t number, json fields, std::uint64_t seq) {
        PastJob job{.number = number, .started = text_in(fields, "time"), .first = seq};
        // The verdict stands right before the start, and is written for this delivery.
        if (text_in(verdict_, "delivery") == text_in(fields, "delivery") &&
            text_in(verdict_, "decision") == "admit") {
            job.verdict = std::exchange(verdict_, json());
            job.first = first_;
        }
        job.start = std::move(fields);
        latest_[number] = jobs_.size();
        jobs_.push_back(std::move(job));
    }

    std::vector<PastJob> jobs_;
    std::map<std::uint64_t, std::size_t> latest_;  // by number
    std::map<std::string, std::uint64_t> begun_;   // line of the first parameter, by delivery
    json verdict_;                                 // the last one
    std::uint64_t first_ = 0;
};

}  // namespace

Result<> each_audit_line(const std::string& directory,
                         const std::function<void(std::string_view line)>& visit) {
    const auto dir = TRY(sys::Dir::open(directory));
    auto files = TRY(within(directory, records::open_audit_set(dir)));
    if (files.empty()) return fail(directory + ": there is no audit log in it");
    char* line = nullptr;
    std::size_t size = 0;
    for (auto& file : files) {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(::fdopen(file.release(), "r"),
                                                                     &std::fclose);
        if (!stream) return sys::fail_errno(directory);
        for (;;) {
            const auto got = ::getline(&line, &size, stream.get());
            if (got <= 0) break;
            std::string_view text(line, static_cast<std::size_t>(got));
            if (text.ends_with('\n')) visit(text.substr(0, text.size() - 1));
        }
    }
    std::free(line);
    return {};
}

Result<std::vector<PastJob>> past_jobs(const std::string& directory) {
    Collector collector;
    TRY(each_audit_line(directory, [&](std::string_view line) { collector.take(line); }));
    return std::move(collector).jobs();
}

std::string text_in(const json& line, const char* name) {
    const auto found = line.is_object() ? line.find(name) : line.end();
    if (found == line.end()) return "";
    auto text = found->is_string() ? found->get<std::string>() : found->dump();
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

}  // namespace bulkhead::cli
