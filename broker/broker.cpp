#include "broker/broker.hpp"

#include "broker/context/clock.hpp"
#include "broker/context/memory.hpp"
#include "broker/exit_status.hpp"
#include "broker/waiting_jobs.hpp"
#include "common/protocol/events.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/memory.hpp"

namespace bulkhead::broker {

namespace {

using namespace std::chrono_literals;

constexpr auto kLastWords = 5s;   // for workers to exit when no job will end any more
constexpr auto kToTidyUp = 50ms;  // until a loader is asked for again that removes filters
constexpr auto kFlushTime = 10s;  // for workers to upload, after kGrace of their jobs

}  // namespace

Result<> Broker::watch_for_reboots() {
    context_.boot = TRY(boot_id());
    reboot_.emplace(parts_.loop, TRY(parts_.directories.broker_state.open_dir(".")), jobs_,
                    parts_.audit, log_, parts_.options.systemctl, context_.boot);
    context_.reboot = &*reboot_;
    jobs_.watch([this](JobNumber number) { reboot_->ask(number); },
                [this] { reboot_->consider(); });
    TRY(reboot_->adopt());
    // Whose they are only the ledger knows.
    if (!parts_.ledger.readable()) return {};
    TRY(take_up_waiting_jobs(parts_.kept, context_));
    pipes_.drop_rest(log_);
    log_.check(records::note_written_by(parts_.directories.broker_state, parts_.written_by,
                                        BULKHEAD_VERSION),
               "state-version-unwritten");
    return {};
}

Result<int> Broker::run() {
    TRY(service_.watch_signals([this] { reload(); },
                               [this] {
                                   leaves_with_ = kDone;
                                   shut_down();
                               }));
    std::string missing;
    for (const auto& feature : context_.missing) missing += (missing.empty() ? "" : " ") + feature;
    const auto& opened = parts_.ledger.opened();
    const auto digest = crypto::hex(context_.policy->policy.digest);
    note(context_, "agent-started",
         {{"version", BULKHEAD_VERSION},
          {"policy", digest},
          {"landlock_abi", context_.landlock_abi},
          {"missing", missing},
          {"ledger_torn_bytes", opened.torn_bytes},
          {"interrupted_jobs", opened.interrupted.size()}});
    log_.info("agent-started", {{"version", BULKHEAD_VERSION},
                                {"host", context_.policy->policy.host.id},
                                {"policy", digest.substr(0, 12)},
                                {"backends", context_.backends},
                                {"missing", missing}});
    if (!missing.empty()) {
        log_.warning("walls-missing",
                     {{"walls", missing},
                      {"why", "this host cannot give them; docs/kernels.md has which kernel can"}});
    }
    if (!parts_.audit.gap().empty()) context_.troubles.set("audit-gap", parts_.audit.gap());
    put_in_force();
    tell_opened(context_);
    TRY(watch_for_reboots());
    TRY(serve_artifacts());
    log_.check(requests_.follow(), "requests-unwatched");
    settle_orphans();
    parts_.loop.after({}, [this] { workers_->start(); });
    if (name_servers_) name_servers_->follow([this] { workers_->follow_name_servers(); });
    service_.feed_watchdog();
    keep_time();
    TRY(follow_status());
    TRY(parts_.loop.run());
    if (status_) log_.check(status_->remove(), "status-file-left");
    context_.artifacts = nullptr;
    upgrade_.reset();
    artifacts_.reset();
    one_loader_.reset();
    workers_.reset();
    note(context_, "agent-stopped", {{"exit", code_}});
    return code_;
}

// A pass of its own would end what it loads at once.
Result<> Broker::serve_artifacts() {
    if (parts_.options.command != Command::serve) return {};
    auto loader = open_program(parts_.options.loader, "loader program");
    watch_programs(loader ? loader->get() : -1);
    one_loader_.emplace(parts_.loop, context_, parts_.cgroups, parts_.options, parts_.part,
                        std::move(loader));
    artifacts_.emplace(
        parts_.loop, context_, TRY(parts_.directories.broker_state.open_dir(".")),
        LoaderPort{
            .unusable = [this] { return one_loader_->unusable(); },
            .start = [this](LoaderOrder order) { return one_loader_->start(std::move(order)); }},
        [this](std::string_view backend, const protocol::ArtifactChanged& changed) {
            workers_->tell(backend, changed);
        });
    context_.artifacts = &*artifacts_;
    artifacts_->begin();
    return {};
}

void Broker::watch_programs(int loader) {
    const auto& options = parts_.options;
    const StartFiles files{.policy = options.policy,
                           .vendor_policy = options.vendor_policy,
                           .config = options.config,
                           .state = options.state,
                           .worker = options.worker,
                           .loader = options.loader,
                           .config_user = options.config_user,
                           .own_vendor_policy = options.own_vendor_policy,
                           .settings_elsewhere = !options.settings.empty()};
    upgrade_.emplace(
        parts_.loop, context_, parts_.cgroups, files, Programs(files, parts_.program.get(), loader),
        Upgrade::patience(options.upgrade_within).value_or(std::chrono::hours(24)),
        service_.is_there(),
        Upgrade::Owner{
            .fetch =
                [this](bool fetch) { workers_->tell_all(protocol::FetchJobs{.fetch = fetch}); },
            .quiet = [this] { return workers_->all_hold(context_.holding); },
            .restart = [this] { leave_for_new_program(); }});
}

void Broker::leave_for_new_program() {
    note(context_, "agent-restarting", {{"unreported_jobs", jobs_.unreported()}});
    log_.info("agent-restarting", {{"why", "another program was installed"}});
    leaves_with_ = kRestart;
    shut_down();
}

void Broker::settle_orphans() {
    for (const auto number : jobs_.of_others(workers_->backends())) {
        settle_orphan(number, context_);
    }
}

void Broker::on_job_ended(JobNumber number, const protocol::JobEnd& end) {
    workers_->tell(
        jobs_.backend_of(number),
        protocol::JobExited{.number = number, .end = end, .remarks = jobs_.remarks(number)});
    context_.tally.ended(number, jobs_.start_of(number), end);
    context_.changed();
    parts_.loop.after({}, [this] {
        settle_orphans();
        if (upgrade_) upgrade_->look(true);
    });
    stop_if_drained();
}

void Broker::on_greeted(Worker& worker) {
    log_.info("worker-confined", {{"backend", worker.backend()}});
    if (context_.draining) worker.tell(farewell());
}

protocol::Shutdown Broker::farewell() const {
    // A job that waits for the host to restart does not end: its worker need not wait for it.
    // Nor for a broker that goes on with what is not reported yet.
    const bool soon = jobs_.running() == 0 && (jobs_.any_waits() || leaves_with_ == kRestart);
    const auto patience = std::chrono::milliseconds(soon ? kLastWords : kGrace + kFlushTime);
    return {.grace_ms = static_cast<std::uint32_t>(patience.count())};
}

void Broker::shut_down() {
    const auto event = farewell();
    if (!std::exchange(context_.draining, true)) {
        log_.info("agent-stopping", {{"running_jobs", jobs_.running()}});
        service_.send("STOPPING=1\nSTATUS=waiting for jobs and workers");
        jobs_.stop_all("agent-stopped");
        if (artifacts_) artifacts_->stop();
        parts_.loop.after(std::chrono::milliseconds(event.grace_ms), [this] {
            log_.warning("agent-stopped-early",
                         {{"why", "jobs and workers had not ended in time"}});
            stop(leaves_with_);
        });
    }
    workers_->tell_all(event);
    stop_if_drained();
}

void Broker::stop_if_drained() {
    if (!context_.draining || workers_->any_runs() || jobs_.running() > 0) return;
    if (!artifacts_ || artifacts_->idle()) return stop(leaves_with_);
    parts_.loop.after(kToTidyUp, [this] { stop_if_drained(); });
}

void Broker::keep_time() {
    const auto clocks = sys::read_clocks();
    context_.clock_synchronised = is_synchronised(clocks.now);
    const auto grade = clock_.judge(clocks, context_.clock_synchronised);
    const bool believed = grade >= records::Grade::held;
    log_.check(parts_.ledger.note_time(clocks.now, grade), "ledger-failed");
    if (believed) log_.check(parts_.ledger.settle_birth(clocks), "ledger-failed");
    parts_.audit.keep(parts_.ledger.mark());
    take_acceptance(context_);
    watch_memory(context_);
    // A clock that is not believed makes nothing old.
    log_.check(parts_.evidence.prune(believed ? clocks.now : UnixTime{}, context_.policy->policy),
               "evidence-failed");
    requests_.look();
    sys::give_back_memory();
    parts_.loop.after(records::Ledger::kClockEvery, [this] { keep_time(); });
}

void Broker::stop(int code) {
    code_ = code;
    parts_.loop.stop();
}

}  // namespace bulkhead::broker
