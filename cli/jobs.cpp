// `bulkhead jobs`: lists the jobs that run on this host, and those that keep a file system busy.
#include <algorithm>
#include <array>

#include "cli/base/files.hpp"
#include "cli/base/layout.hpp"
#include "cli/base/options.hpp"
#include "cli/running_jobs.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--holds", Option::Takes::once}};
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

}  // namespace

Result<int> jobs(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto running = TRY(running_jobs());
    const auto path = options.value("--holds");
    std::string text;
    if (path.empty()) {
        for (const auto& job : running) text += (text.empty() ? "" : "\n") + text_of(job, {});
        TRY(print(text.empty() ? "no job is running\n" : text));
        return kDone;
    }
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
                     "backend can cancel it.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
