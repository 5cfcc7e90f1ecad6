// `bulkhead stop-job`: has the broker end one job. It makes a file that only root can make, which
// the broker removes before it acts.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include "cli/audit_lines.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{Option{"--reason", Takes::once}, Option{"--state", Takes::once},
                              Option{"--log-dir", Takes::once}};
constexpr std::chrono::seconds kPatience{5};

// Waits until the broker has taken the request.
bool is_taken(const sys::Dir& directory, const std::string& name) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
        const auto there = directory.open_regular(name, O_RDONLY);
        if (!there && there.error().code == ENOENT) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

// What root has recorded of requests to stop this job, oldest first: whether it ran. Empty also if
// the log cannot be read.
std::vector<bool> answers(const std::string& log, std::uint64_t number) {
    std::vector<bool> ran;
    static_cast<void>(each_audit_line(log, [&](std::string_view text) {
        if (!text.contains("\"event\":\"job-stop-requested\"")) return;
        const auto line = nlohmann::json::parse(text, nullptr, false);
        if (!line.is_object() || text_in(line, "number") != std::to_string(number)) return;
        ran.push_back(line.contains("runs") && line["runs"] == true);
    }));
    return ran;
}

// Root records the request after it has taken it. Nothing, if no record comes.
std::optional<bool> answer_after(std::size_t earlier, const std::string& log,
                                 std::uint64_t number) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
        const auto all = answers(log, number);
        if (all.size() > earlier) return all.back();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return {};
}

}  // namespace

Result<int> stop_job(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state", "--log-dir"}, Options::Command::of_root));
    if (options.operands().size() != 1) return wrong("give a job's number, as bulkhead jobs lists");
    const auto number =
        TRY(or_wrong(within("number", parse_number<std::uint64_t>(options.operands()[0]))));
    const auto reason = TRY(one_line("--reason", options.value("--reason", "no reason given")));
    const auto log = options.value("--log-dir", kLogDirectory);
    const auto jobs = past_jobs(log);
    const auto earlier = answers(log, number).size();
    if (jobs) {
        const auto same = [&](const PastJob& job) { return job.number == number; };
        const auto found = std::find_if(jobs->rbegin(), jobs->rend(), same);
        if (found == jobs->rend()) return fail("no job " + std::to_string(number) + " was started");
        if (!found->ended.empty()) {
            return fail("job " + std::to_string(number) + " ended at " + found->ended + ": " +
                        found->outcome);
        }
    }
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker/requests";
    const auto directory = TRY(only_root(sys::Dir::open(place)));
    const auto name = "stop-job." + std::to_string(number);
    TRY(only_root(within(place, directory.write_atomic(name, reason + "\n", 0600))));
    if (!is_taken(directory, name)) {
        static_cast<void>(directory.remove_file(name));
        return fail("no agent with the state " + place + " takes requests: is it running?");
    }
    const auto ran = jobs ? answer_after(earlier, log, number) : std::nullopt;
    if (!ran) {
        return fail(
            "root has taken the request, and whether the job runs is not known here: see "
            "job-stop-requested in the audit log (--log-dir)");
    }
    if (!*ran) return fail("no job " + std::to_string(number) + " runs");
    TRY(print_done(
        "Job " + std::to_string(number) +
        " is being ended: SIGTERM to all its processes, and SIGKILL after 10 s. The audit log "
        "has\njob-stop-requested; its backend is told `cancelled`, stopped-by-operator.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
