#include "broker/jobs/jobs.hpp"

#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "broker/jobs/job_end.hpp"
#include "broker/jobs/prepared_view.hpp"
#include "broker/jobs/prepared_views.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

using protocol::Code, protocol::JobEnd, protocol::JobOutcome;

constexpr std::array<std::string_view, 5> kOutcomes{"interrupted", "finished", "timed-out",
                                                    "cancelled", "failed-to-start"};

void forget_script(const std::string& file) {
    if (!file.empty()) ::unlink(file.c_str());
}

// Sets the file system ids (setfsuid(2)) for a scope, so that a new pipe belongs to `user`.
class FileOwner {
  public:
    explicit FileOwner(const sandbox::User& user) {
        ::setfsgid(user.gid);
        ::setfsuid(user.uid);
    }
    FileOwner(const FileOwner&) = delete;
    FileOwner& operator=(const FileOwner&) = delete;
    ~FileOwner() {
        ::setfsuid(0);
        ::setfsgid(0);
        // With -1 the calls change nothing and return the id in force. Abort rather than go on as
        // another user.
        if (::setfsuid(-1) != 0 || ::setfsgid(-1) != 0) std::abort();
    }
};

// Both pipes, or an error. The read ends do not block. They belong to the job's user, so that it
// can open /dev/stdout.
Result<std::pair<sys::Pipe, sys::Pipe>> output_pipes(bool merged, const sandbox::User& user) {
    // A user who has 64 MiB in pipes gets large ones only with CAP_SYS_ADMIN (pipe(7)).
    const sandbox::Raised raised(sandbox::capability(CAP_SYS_ADMIN) |
                                 sandbox::capability(CAP_SETUID) | sandbox::capability(CAP_SETGID));
    const FileOwner owner(user);
    auto out = TRY(sys::make_pipe(kPipeBytes));
    auto err = TRY(sys::make_pipe(merged ? 0 : kPipeBytes));
    for (const auto* pipe : {&out, &err}) TRY(sys::set_nonblocking(pipe->read, true));
    return std::pair(std::move(out), std::move(err));
}

}  // namespace

std::string_view name_of(JobOutcome outcome) {
    return kOutcomes[static_cast<std::size_t>(outcome)];
}

Jobs::~Jobs() {
    for (auto& [number, entry] : entries_) {
        if (!entry.running) continue;
        forget_script(entry.script);
        loop_.cancel(entry.running->timer);
        loop_.forget(entry.running->process.pidfd().get());
        loop_.forget(entry.running->process.report().get());
        loop_.forget(entry.running->cgroup.events().get());
    }
}

Jobs::Entry& Jobs::inherit(const records::Unreported& job, std::uint8_t runs) {
    auto& entry = entries_[job.number];
    entry.start = job.start;
    entry.runs = runs;
    if (store_ == nullptr) return entry;
    auto kept = store_->take(job.number, job.start);
    if (kept.runs == 0) return entry;
    entry.runs = kept.runs;
    entry.out = std::move(kept.out);
    entry.err = std::move(kept.err);
    return entry;
}

// A job that an earlier broker saw end was started once, unless it had the host restarted. Of one
// that was interrupted by the death of its broker nobody knows.
void Jobs::adopt(const records::Unreported& left) {
    const bool unseen = left.end.reason.str() == records::Ledger::kInterrupted;
    inherit(left, unseen || left.end.rebooted ? 0 : 1).end = left.end;
}

Result<Jobs::Pipes> Jobs::prepare(const JobPlan& plan) const {
    TRY(ledger_.make_room());
    auto [out, err] = TRY(output_pipes(plan.merged, plan.ids.user));
    return Pipes{std::move(out), std::move(err)};
}

Result<JobNumber> Jobs::start(Pipes pipes, const JobPlan& plan, records::Start record,
                              std::chrono::seconds timeout) {
    JobNumber number;
    Result<> spawned;
    const auto meanwhile = [&](JobNumber given) {
        number = given;
        auto& entry = entries_[number];
        entry.start = record;
        if (kept_ != nullptr) entry.kept = plan.kept;
        spawned = spawn(number, plan, std::move(pipes));
    };
    const auto recorded = ledger_.start(record, meanwhile);
    if (!recorded) withdraw(number);
    TRY(recorded);
    audit_.keep(ledger_.mark());  // on its way to audit.head before anything of the job runs
    let_run(number, plan, spawned, timeout);
    return number;
}

// Whose record may not be on disk: nothing of it has run.
void Jobs::withdraw(JobNumber number) {
    const auto found = entries_.find(number);
    if (found == entries_.end()) return;
    auto& entry = found->second;
    entry.running.reset();
    forget_script(entry.script);
    if (store_ != nullptr) store_->forget(number, entry.start, entry.runs);
    entries_.erase(found);
}

void Jobs::let_run(JobNumber number, const JobPlan& plan, Result<> spawned,
                   std::chrono::seconds timeout) {
    auto& entry = entries_.at(number);
    if (spawned) spawned = audit_.sync();  // the verdict, too, is on disk
    if (spawned) spawned = watch(number, plan);
    if (!spawned) {
        entry.running.reset();
        return finish_later(number, could_not_start(spawned.error()));
    }
    auto& running = *entry.running;
    running.began = sys::Clock::now();
    running.timer = loop_.after(
        timeout, [this, number] { end_early(number, JobOutcome::timed_out, "timed-out"); });
    running.process.let_go();
}

// In a later turn, so that the worker first learns that the job was admitted.
void Jobs::finish_later(JobNumber number, JobEnd end) {
    loop_.after({},
                [this, number, end = std::move(end)] { finish(number, entries_.at(number), end); });
}

void Jobs::wait(const records::Unreported& job) { inherit(job, 1).waiting = true; }

// The service manager has the pipes before the process exists.
Result<> Jobs::spawn(JobNumber number, const JobPlan& plan, Pipes pipes) {
    auto& entry = entries_.at(number);
    entry.remarks = in_one(plan.remarks);
    ++entry.runs;
    entry.out = std::move(pipes.out.read);
    entry.err = std::move(pipes.err.read);
    if (store_ != nullptr) {
        log_.check(store_->keep(number, entry.start, entry.runs, entry.out, entry.err),
                   "descriptor-store");
    }
    auto cgroup = TRY(cgroups_.make(number, plan.profile.limits));
    if (!plan.profile.namespaces.mount) {
        entry.script =
            plan.script_directory + "/" + std::to_string(number.value) + "-" + plan.script_name;
    }
    const auto prepared = views_ == nullptr ? nullptr : views_->take(plan);
    auto process = TRY(JobProcess::spawn(plan, cgroup, std::move(pipes.out.write),
                                         std::move(pipes.err.write), entry.script, prepared.get()));
    entry.running = std::make_unique<Running>(Running{.process = std::move(process),
                                                      .cgroup = std::move(cgroup),
                                                      .began = {},
                                                      .timer = {},
                                                      .reboot_mark = plan.reboot_mark,
                                                      .end = {.outcome = JobOutcome::finished},
                                                      .status = {}});
    return {};
}

Result<> Jobs::watch(JobNumber number, const JobPlan& plan) {
    const auto& process = entries_.at(number).running->process;
    TRY(loop_.watch(process.pidfd().get(), EPOLLIN,
                    [this, number](std::uint32_t) { on_first_process_ended(number); }));
    if (plan.init_stays && plan.profile.namespaces.pid) {
        TRY(loop_.watch(process.report().get(), EPOLLIN,
                        [this, number](std::uint32_t) { on_report(number); }));
    }
    return {};
}

std::vector<JobNumber> Jobs::unended() const {
    std::vector<JobNumber> list;
    for (const auto& [number, entry] : entries_) {
        if (!entry.end) list.push_back(number);
    }
    return list;
}

std::string_view Jobs::backend_of(JobNumber number) const {
    const auto found = entries_.find(number);
    return found == entries_.end() ? std::string_view() : found->second.start.backend.str();
}

bool Jobs::has_room(std::string_view backend, std::size_t backends) const {
    std::size_t running = 0;
    std::size_t all = 0;
    for (const auto& [number, entry] : entries_) {
        if (entry.start.backend.str() != backend) continue;
        ++all;
        running += entry.running ? 1 : 0;
    }
    const auto others = backends - 1;
    return running + others < kMaxRunning && all + 2 * others < protocol::kMaxUnreported &&
           entries_.size() < protocol::kMaxUnreported;
}

bool Jobs::cancel(JobNumber number, std::string_view reason, std::string_view detail) {
    const auto found = entries_.find(number);
    if (found == entries_.end()) return false;
    if (found->second.waiting) {
        give_up(number, std::string(reason) + " before the host had restarted");
        return true;
    }
    if (!found->second.running) return false;
    end_early(number, JobOutcome::cancelled, reason, detail);
    return true;
}

void Jobs::end_early(JobNumber number, JobOutcome outcome, std::string_view reason,
                     std::string_view detail) {
    auto& running = *entries_.at(number).running;
    // Already being ended, or its first process has exited and the cgroup is being killed.
    if (running.end.outcome != JobOutcome::finished || running.over) return;
    running.end.outcome = outcome;
    running.end.reason = Code::clipped(reason);
    running.end.detail = decltype(running.end.detail)::clipped(detail);
    loop_.cancel(running.timer);
    if (const auto sent = running.cgroup.terminate(); !sent) {
        log_.warning("job-signal-failed", {{"why", sent.error().what}});
    }
    running.timer = loop_.after(kGrace, [this, number] {
        const auto& late = *entries_.at(number).running;
        late.process.kill();  // a job that is root may have left its cgroup
        log_.check(late.cgroup.kill(), "job-kill-failed");
    });
}

// The init of a pid namespace waits to be killed, so that what its job left behind can be counted.
void Jobs::on_report(JobNumber number) {
    auto& running = *entries_.at(number).running;
    if (!running.process.job_has_ended()) return;
    loop_.forget(running.process.report().get());
    job_is_over(running);
    running.process.kill();
}

void Jobs::job_is_over(Running& running) {
    if (std::exchange(running.over, true)) return;
    loop_.cancel(running.timer);
    if (running.end.outcome != JobOutcome::finished) return;  // all its processes got SIGTERM
    auto left = running.cgroup.processes();
    std::erase(left, running.process.pid());
    count_left_behind(left, running.end);
}

void Jobs::on_first_process_ended(JobNumber number) {
    auto& running = *entries_.at(number).running;
    loop_.forget(running.process.pidfd().get());
    loop_.forget(running.process.report().get());
    job_is_over(running);
    auto status = running.process.reap();
    running.status = status ? *std::move(status) : JobStatus{.failed_step = status.error().what};
    add_remarks(running.status->remarks, entries_.at(number).remarks);
    // The job has ended when its cgroup is empty: processes that it left behind are killed.
    log_.check(loop_.watch(running.cgroup.events().get(), EPOLLPRI,
                           [this, number](std::uint32_t) { finish_if_empty(number); }),
               "job-watch-failed");
    finish_if_empty(number);
}

void Jobs::finish_if_empty(JobNumber number) {
    auto& entry = entries_.at(number);
    auto& running = *entry.running;
    if (running.cgroup.populated().value_or(true)) {
        static_cast<void>(running.cgroup.kill());
        if (running.cgroup.populated().value_or(true)) return;
    }
    loop_.forget(running.cgroup.events().get());
    auto end = judged(running.end, *running.status);
    const auto usage = running.cgroup.usage();
    const auto wall = sys::Clock::now() - running.began;
    end.wall_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(wall).count());
    end.cpu_us = usage.cpu_us;
    end.max_rss_bytes = usage.peak_bytes > 0 ? usage.peak_bytes : running.status->max_rss_bytes;
    end.oom_killed = usage.oom_killed;
    const bool reboots = asks(running, end);
    if (reboots && entry.kept) {
        const auto suspended = suspend(number, entry, end);
        if (suspended) return;
        end.outcome = JobOutcome::interrupted;
        end.reason = Code::clipped("not-resumed");
        end.detail = decltype(end.detail)::clipped(suspended.error().what);
    } else if (reboots) {
        end.rebooted = true;
        end.reason = Code::clipped("reboot-requested");
        reboot_asked_(number);
    }
    entry.running.reset();
    finish(number, entry, end);
}

void Jobs::finish(JobNumber number, Entry& entry, const JobEnd& what) {
    auto end = what;
    end.rebooted = end.rebooted || entry.resumed;
    entry.waiting = false;
    entry.end = end;
    forget_script(entry.script);
    // If that fails, the next broker finds no end and reports the job as interrupted.
    log_.check(ledger_.end(number, end, sys::now()), "ledger-failed");
    audit_.keep(ledger_.mark());
    ended_(number, end);  // the worker reports it while the audit log is written to disk
    const bool good = end.outcome == JobOutcome::finished && end.exit_code == 0 && end.signal == 0;
    log_.put(good ? sys::Level::info : sys::Level::warning, "job-ended",
             {{"number", number.value},
              {"job", entry.start.job_id.value.str()},
              {"delivery", entry.start.delivery_id.value.str()},
              {"backend", entry.start.backend.str()},
              {"profile", entry.start.profile.str()},
              {"outcome", kOutcomes[static_cast<std::size_t>(end.outcome)]},
              {"reason", end.reason.str()},
              {"exit", end.exit_code},
              {"signal", end.signal},
              {"ms", end.wall_ms},
              {"why", end.detail.str()}});
    records::note(audit_, log_, "job-ended",
                  {{"number", number.value},
                   {"job", entry.start.job_id.value.str()},
                   {"outcome", name_of(end.outcome)},
                   {"exit", end.exit_code},
                   {"signal", end.signal},
                   {"reason", end.reason.str()},
                   {"wall_ms", end.wall_ms},
                   {"cpu_us", end.cpu_us},
                   {"rebooted", end.rebooted},
                   {"left_behind", end.left_behind},
                   {"left_names", end.left_names.str()},
                   {"detail", end.detail.str()}});
    changed_();
}

bool Jobs::acknowledge(JobNumber number) {
    const auto found = entries_.find(number);
    if (found == entries_.end() || !found->second.end) return false;
    if (!log_.check(ledger_.reported(number), "ledger-failed")) return false;
    if (store_ != nullptr) store_->forget(number, found->second.start, found->second.runs);
    entries_.erase(found);
    changed_();
    return true;
}

void Jobs::stop_all(const char* reason) {
    for (const auto& [number, entry] : entries_) {
        if (entry.running) end_early(number, JobOutcome::interrupted, reason);
    }
}

void Jobs::end_revoked(const std::function<bool(const records::Start&)>& revoked) {
    for (auto& [number, entry] : entries_) {
        if (entry.end || !revoked(entry.start)) continue;
        records::note(audit_, log_, "job-revoked",
                      {{"number", number.value},
                       {"job", entry.start.job_id.value.str()},
                       {"manifest", crypto::hex(entry.start.manifest)}});
        if (entry.waiting) give_up(number, "job-revoked");
        if (entry.running) end_early(number, JobOutcome::cancelled, "job-revoked");
    }
}

unsigned Jobs::running(std::string_view profile) const {
    unsigned count = 0;
    for (const auto& [number, entry] : entries_) {
        count += entry.running && (profile.empty() || entry.start.profile.str() == profile) ? 1 : 0;
    }
    return count;
}

std::vector<JobNumber> Jobs::of_others(std::span<const std::string> backends) const {
    std::vector<JobNumber> numbers;
    for (const auto& [number, entry] : entries_) {
        if (std::ranges::count(backends, entry.start.backend.str()) == 0) numbers.push_back(number);
    }
    return numbers;
}

Result<std::vector<protocol::UnreportedJob>> Jobs::list(std::string_view backend) const {
    std::vector<protocol::UnreportedJob> jobs;
    for (const auto& [number, entry] : entries_) {
        if (entry.start.backend.str() != backend) continue;
        protocol::UnreportedJob job;
        job.number = number;
        job.delivery_id = entry.start.delivery_id;
        job.job_id = entry.start.job_id;
        job.output_max = entry.start.output_max;
        job.ended = entry.end.has_value();
        job.end = entry.end.value_or(JobEnd{});
        job.remarks = entry.remarks;
        job.runs = entry.runs;
        if (entry.out) job.out.emplace(TRY(entry.out.duplicate()));
        if (entry.err) job.err.emplace(TRY(entry.err.duplicate()));
        jobs.push_back(std::move(job));
    }
    return jobs;
}

Result<std::pair<sys::Fd, sys::Fd>> Jobs::pipes(JobNumber number) const {
    const auto& entry = entries_.at(number);
    return std::pair(TRY(entry.out.duplicate()), TRY(entry.err.duplicate()));
}

}  // namespace bulkhead::broker
