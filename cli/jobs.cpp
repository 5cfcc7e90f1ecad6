// `bulkhead jobs`: lists the jobs that run on this host and that ran, by cgroups and the audit log,
// and those that keep a file system busy.
#include <algorithm>
#include <array>

#include "cli/audit_lines.hpp"
#include "cli/base/files.hpp"
#include "cli/base/layout.hpp"
#include "cli/base/options.hpp"
#include "cli/running_jobs.hpp"
#include "common/base/text.hpp"
#include "common/crypto/sha256.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;
using Takes = Option::Takes;

constexpr std::array kOptions{Option{"--holds", Takes::once}, Option{"--since", Takes::once},
                              Option{"--json", Takes::nothing}, Option{"--log-dir", Takes::once},
                              Option{"--state", Takes::once}};
constexpr const char* kSince = "24h";
constexpr std::size_t kMostNamed = 8;

std::string numbers(const std::vector<pid_t>& processes) {
    std::string text;
    for (std::size_t i = 0; i < std::min(processes.size(), kMostNamed); ++i) {
        text += " " + std::to_string(processes[i]);
    }
    if (processes.size() <= kMostNamed) return text;
    return text + " and " + std::to_string(processes.size() - kMostNamed) + " more";
}

std::string text_of(const RunningJob& job, const std::vector<std::string>& held) {
    auto text = row("job", (job.id.empty() ? "of an id that it hides" : quoted(job.id, 64)) +
                               ", number " + job.number + " of " + job.agent);
    text += row("since", format_utc(job.since));
    text += row("processes", trimmed(numbers(job.processes)));
    for (const auto& line : held)
        text += row(&line == held.data() ? "holds it" : "", quoted(line, 400));
    return text;
}

// A time, or how long ago.
Result<UnixTime> since_of(const std::string& text) {
    if (const auto time = parse_utc(text)) return *time;
    const auto ago = parse_duration(text);
    if (!ago) return wrong("--since: a time such as 2026-11-29T10:00:00Z, or an age such as 7d");
    return sys::now() - std::chrono::floor<std::chrono::seconds>(*ago);
}

// Those that have no end, and those that had it since then.
std::vector<PastJob> recent(std::vector<PastJob> jobs, UnixTime since) {
    std::erase_if(jobs, [&](const PastJob& job) {
        const auto end = parse_utc(job.ended);
        return end && *end < since;
    });
    return jobs;
}

// What the log does not know: whether a job without an end runs. Only root sees that. The jobs of
// an agent are in a cgroup named after its state directory.
std::string state_of(const PastJob& job, const std::string& agent,
                     const Result<std::vector<RunningJob>>& running) {
    if (!job.ended.empty()) return job.outcome;
    if (!running) return "not ended";
    const auto same = [&](const RunningJob& one) {
        return one.agent == agent && one.number == std::to_string(job.number);
    };
    return std::ranges::any_of(*running, same) ? "running" : "not ended, and does not run";
}

json as_json(const PastJob& job, const std::string& state) {
    json one{{"number", job.number}, {"started", job.started}, {"state", state}};
    for (const auto* name : {"job", "profile", "delivery", "manifest", "signers"}) {
        one[name] = job.start.value(name, json());
    }
    one["ended"] = job.ended.empty() ? json() : json(job.ended);
    for (const auto* name : {"backend", "keys", "params", "policy", "rule", "script"}) {
        one[name] = job.verdict.is_object() ? job.verdict.value(name, json()) : json();
    }
    return one;
}

std::string text_of(const PastJob& job, const std::string& state) {
    std::string signers;
    for (const auto& one : job.start.value("signers", json::array())) {
        signers += (signers.empty() ? "" : ", ") + text_in(json{{"name", one}}, "name");
    }
    if (signers.empty()) signers = "pinned";
    auto text = row("job", text_in(job.start, "job") + ", number " + std::to_string(job.number));
    text += row("profile", text_in(job.start, "profile") + ", approved by " + signers);
    text += row("started", job.started + ", delivery " + text_in(job.start, "delivery"));
    return text + row("outcome", state + (job.ended.empty() ? "" : ", at " + job.ended));
}

Result<int> list(const Options& options) {
    const auto since = TRY(since_of(options.value("--since", kSince)));
    const auto running = running_jobs();
    const auto log = past_jobs(options.value("--log-dir", kLogDirectory));
    if (!running && !log) return fail(running.error().what + "; " + log.error().what);
    const auto state = options.value("--state", "/var/lib/bulkhead");
    const auto agent = "bulkhead-" + crypto::hex(crypto::sha256(as_bytes(state))).substr(0, 8);
    const auto past = log ? recent(*log, since) : std::vector<PastJob>{};
    if (options.has("--json")) {
        if (!log) return std::unexpected(log.error());
        auto all = json::array();
        for (const auto& job : past) all.push_back(as_json(job, state_of(job, agent, running)));
        TRY(print(all.dump(2) + "\n"));
        return kDone;
    }
    std::string text;
    const auto add = [&](const std::string& block) { text += (text.empty() ? "" : "\n") + block; };
    for (const auto& job : running ? *running : std::vector<RunningJob>{}) add(text_of(job, {}));
    if (running && running->empty()) add("no job is running\n");
    for (const auto& job : past) add(text_of(job, state_of(job, agent, running)));
    add(log ? "jobs that ended before " + format_utc(since) + " are left out: --since\n"
            : "what ran is not known here: " + log.error().what + "\n");
    TRY(print(text));
    // Where nobody has named a place, there may be no agent yet.
    return log || !options.has("--log-dir") ? kDone : kNo;
}

}  // namespace

Result<int> jobs(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state", "--log-dir"}));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto path = options.value("--holds");
    if (path.empty()) return list(options);
    const auto running = TRY(running_jobs());
    std::string text;
    const auto place = TRY(held_place(path));
    for (const auto& job : running) {
        const auto held = holds(job, place);
        if (!held.empty()) text += (text.empty() ? "" : "\n") + text_of(job, held);
    }
    if (text.empty()) {
        TRY(print("no running job holds " + path + "\n"));
        return kNo;
    }
    TRY(print(text + "\nEach lets go when it ends, at its manifest's timeout at the latest. The "
                     "backend can cancel it, and bulkhead stop-job.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
