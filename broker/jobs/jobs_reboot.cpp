// The part of Jobs that deals with restarts of the host.
#include <unistd.h>

#include <algorithm>

#include "broker/jobs/job_end.hpp"
#include "broker/jobs/jobs.hpp"

namespace bulkhead::broker {

using protocol::Code, protocol::JobEnd, protocol::JobOutcome;

// Only a job that ended by itself can ask for a restart, and only one that is root; for others exit
// status 194 has no meaning.
bool Jobs::asks(const Running& running, JobEnd& end) const {
    const bool marked = !running.reboot_mark.empty() && ::unlink(running.reboot_mark.c_str()) == 0;
    if (end.outcome != JobOutcome::finished || end.signal != 0) return false;
    if (!marked && end.exit_code != kRebootExit) return false;
    if (!running.reboot_mark.empty()) return true;
    end.detail = decltype(end.detail)::clipped(
        "exit status 194 asks for a restart of the host only in a profile whose user is root");
    return false;
}

// Ledger, worker and backend take the job for running; the KeptJob on disk is where it goes on.
Result<> Jobs::suspend(JobNumber number, Entry& entry, const JobEnd& end) {
    TRY(kept_->keep(number, *entry.kept));
    TRY(audit_.event("job-suspended", {{"number", number.value},
                                       {"job", entry.start.job_id.value.str()},
                                       {"exit", end.exit_code},
                                       {"wall_ms", end.wall_ms},
                                       {"left_behind", end.left_behind},
                                       {"left_names", end.left_names.str()}}));
    entry.kept.reset();
    entry.waiting = true;  // its worker reads EOF, and no end
    entry.running.reset();
    reboot_asked_(number);
    changed_();
    return {};
}

void Jobs::resume(JobNumber number, const JobPlan& plan, std::chrono::seconds timeout) {
    auto& entry = entries_.at(number);
    entry.waiting = false;
    entry.resumed = true;
    auto pipes = prepare(plan);
    if (!pipes) return finish_later(number, could_not_start(pipes.error()));
    let_run(number, plan, spawn(number, plan, *std::move(pipes)), timeout);
}

void Jobs::give_up(JobNumber number, std::string_view why) {
    auto& entry = entries_.at(number);
    log_.check(kept_->remove(number), "job-forget-failed");
    JobEnd end;
    end.reason = Code::clipped("not-resumed");
    end.detail = decltype(end.detail)::clipped(why);
    finish(number, entry, end);
}

void Jobs::give_up_waiting(std::string_view why) {
    for (auto& [number, entry] : entries_) {
        if (entry.waiting) give_up(number, why);
    }
}

bool Jobs::owes_result_before_reboot() const {
    return std::ranges::any_of(
        entries_, [](const auto& one) { return one.second.end && one.second.end->rebooted; });
}

}  // namespace bulkhead::broker
