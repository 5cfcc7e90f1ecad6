#include "broker/broker.hpp"

#include <algorithm>

#include "broker/ceiling.hpp"
#include "broker/config_reader.hpp"
#include "broker/context/profiles.hpp"
#include "broker/exit_status.hpp"
#include "broker/records/worker_states.hpp"
#include "broker/waiting_jobs.hpp"
#include "common/policy/vendor.hpp"
#include "common/policy/walls.hpp"
#include "common/protocol/events.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sys/clock.hpp"
#include "common/view/job_view.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

namespace {

using policy::Wall;

using namespace std::chrono_literals;

constexpr auto kLastWords = 5s;   // of workers that wait in vain
constexpr auto kFlushTime = 10s;  // for workers, beyond the grace of their jobs

std::string label_of(const std::string& state) {
    return crypto::hex(crypto::sha256(as_bytes(state))).substr(0, 8);
}

}  // namespace

Result<std::unique_ptr<Broker>> Broker::create(Options options, const sys::Log& log) {
    auto notifier = Notifier::from_environment();
    auto standing = TRY(harden_self());
    TRY(input(open_config(options.config)));
    auto program = TRY(input(open_program(options.worker)));
    auto vendor = TRY(input(policy::read_vendor(options.vendor_policy, policy::Trust::root)));
    auto policy = TRY(input(ReadyPolicy::load(options.policy, vendor)));
    TRY(standing.add({Wall::limits}, limit_self(policy->policy.part("broker"))));
    auto directories = TRY(input(prepare_directories(options)));
    KeptJobs kept(TRY(directories.broker_state.open_dir(".")));
    auto ledger = TRY(records::Ledger::open(directories.broker_state, sys::now(), kept.list()));
    TRY(within("scripts of jobs", forget_scripts(options)));
    auto audit = TRY(within("audit log", records::Audit::open(directories.logs)));
    auto cgroups = TRY(CgroupTree::create(label_of(options.state)));
    auto loop = TRY(sys::Loop::create());
    std::unique_ptr<Broker> broker(new Broker(
        std::move(options), log, std::move(notifier), std::move(loop), std::move(directories),
        std::move(cgroups), std::move(ledger), std::move(audit), std::move(kept)));
    auto& context = broker->context_;
    context.policy = policy;
    broker->program_ = std::move(program);
    broker->vendor_ = std::move(vendor);
    broker->look_at_host();
    TRY(broker->look_for_egress());
    TRY(input(require_possible(policy->policy, context)));
    context.ceiling = TRY(input(ceiling_for(*policy, sandbox::reachable_capabilities())));
    TRY(standing.add({Wall::seccomp}, install_ceiling(*policy)));
    TRY(broker->make_workers());
    TRY(standing.add({Wall::capabilities, Wall::no_new_privs},
                     give_up_capabilities(*policy, context.ceiling)));
    TRY(within("broker", standing.require(policy::kBrokerWalls)));
    context.counts_by_space =
        view::make_user_namespace({.user = {1, 1}, .groups = {}}, view::IdMap::everybody)
            .has_value();
    if (const auto gone = view::forget_mount_points(context.mount_points); !gone) {
        log.warning("places of earlier jobs' views stay", {{"why", gone.error().what}});
    }
    assess(*policy, context);
    for (const auto& left : broker->ledger_.unreported()) TRY(broker->jobs_.adopt(left));
    return broker;
}

Broker::Broker(Options options, const sys::Log& log, Notifier notifier, sys::Loop loop,
               Directories directories, CgroupTree cgroups, records::Ledger ledger,
               records::Audit audit, KeptJobs kept)
    : options_(std::move(options)),
      log_(log),
      loop_(std::move(loop)),
      service_(loop_, std::move(notifier)),
      directories_(std::move(directories)),
      cgroups_(std::move(cgroups)),
      ledger_(std::move(ledger)),
      audit_(std::move(audit)),
      kept_(std::move(kept)),
      jobs_(
          loop_, cgroups_, ledger_, audit_, log_,
          [this](JobNumber number, const protocol::JobEnd& end) { on_job_ended(number, end); },
          &kept_),
      context_{.policy = nullptr,
               .ledger = ledger_,
               .audit = audit_,
               .jobs = jobs_,
               .log = log_,
               .intake = Intake(options_.state + "/broker"),
               .missing = {},
               .mount_points = options_.state + "/broker/roots",
               .script_directory = options_.state + "/scripts",
               .policy_directory = options_.policy,
               .reboot_directory = options_.run_dir + "/reboot"} {}

void Broker::look_at_host() {
    context_.landlock_abi = sandbox::landlock_abi();
    auto not_raised = not_raised_here() | cgroups_.missing();
    part_.program = program_.get();
    part_.limit_threads_by_user = not_raised.has(Wall::cgroup_pids);
    const auto narrow = view::try_view(context_.policy->policy.part("worker").paths);
    part_.own_view = narrow.has_value();
    if (!narrow) {
        log_.warning("no view of their own for workers", {{"why", narrow.error().what}});
        not_raised.add(Wall::worker_view);
    }
    context_.missing = sandbox::names_of(sandbox::lacking_walls(not_raised));
}

// Tried where the reader of agent.yaml will be, which has no network by this either.
Result<> Broker::look_for_egress() {
    constexpr std::string_view kReader = "config-reader";
    const auto cgroup =
        TRY(cgroups_.make(std::string(kReader), context_.policy->policy.part(kReader).limits));
    const auto raised = try_egress(cgroup.fd());
    if (!raised && raised.error().kind == Error::Kind::differs) return raised;
    if (raised) {
        name_servers_.emplace(loop_, log_);
        return {};
    }
    log_.warning("egress: ports only", {{"why", raised.error().what}});
    context_.missing.emplace_back(policy::kEgressWall);
    return {};
}

// While root still has the capability to give files away.
Result<> Broker::make_workers() {
    auto backends = TRY(read_config(options_, part_, cgroups_, context_));
    std::vector<std::string> names;
    for (const auto& backend : backends) names.push_back(backend.name.str());
    const auto slots = TRY(
        input(records::take_slots(directories_.broker_state, directories_.worker_states, names)));
    const auto heirs = TRY(
        input(within("--worker-user", records::heirs_of(slots, options_.worker_user, ledger_))));
    for (const auto& line : TRY(records::settle_worker_states(options_.state, heirs))) {
        log_.warning("state of 0.1's worker", {{"what", line}});
    }
    TRY(within("status sockets", forget_sockets(options_)));
    std::vector<Home> homes;
    for (std::size_t i = 0; i < backends.size(); ++i) {
        auto place = TRY(input(make_home(options_, names[i], heirs[i].user)));
        if (part_.own_view) place.state = TRY(within("state", view::detached(place.state)));
        homes.push_back({.backend = std::move(backends[i]),
                         .user = heirs[i].user,
                         .state = std::move(place.state),
                         .status = std::move(place.status)});
        context_.intake.suspended(names[i], audit_);  // so that it is seen when that ends
    }
    context_.backends = homes.size();
    const bool once = options_.command == Command::once;
    workers_ = std::make_unique<Workers>(
        WorkerGround{.loop = loop_,
                     .broker = context_,
                     .cgroups = cgroups_,
                     .part = part_,
                     .name_servers = name_servers_ ? &*name_servers_ : nullptr,
                     .mode = once ? protocol::Mode::once : protocol::Mode::serve,
                     .order = options_.order},
        std::move(homes),
        Workers::Owner{.ready =
                           [this](std::size_t confined, std::size_t all) {
                               service_.send("READY=1\nSTATUS=" + std::to_string(confined) +
                                             " of " + std::to_string(all) + " workers confined");
                           },
                       .greeted = [this](Worker& worker) { on_greeted(worker); },
                       .done = [this](int exit) { stop(exit); },
                       .drained = [this] { stop_if_drained(); }});
    return {};
}

Result<> Broker::watch_for_reboots() {
    context_.boot = TRY(boot_id());
    reboot_.emplace(loop_, TRY(directories_.broker_state.open_dir(".")), jobs_, audit_, log_,
                    options_.systemctl, context_.boot);
    context_.reboot = &*reboot_;
    jobs_.watch([this](JobNumber number) { reboot_->ask(number); },
                [this] { reboot_->consider(); });
    TRY(reboot_->adopt());
    return take_up_waiting_jobs(kept_, context_);
}

Result<int> Broker::run() {
    TRY(service_.watch_signals([this] { reload(); }, [this] { shut_down(); }));
    std::string missing;
    for (const auto& feature : context_.missing) missing += (missing.empty() ? "" : " ") + feature;
    const auto& opened = ledger_.opened();
    const auto digest = crypto::hex(context_.policy->policy.digest);
    note(context_, "agent-started",
         {{"version", BULKHEAD_VERSION},
          {"policy", digest},
          {"landlock_abi", context_.landlock_abi},
          {"missing", missing},
          {"ledger_torn_bytes", opened.torn_bytes},
          {"interrupted_jobs", opened.interrupted.size()}});
    log_.info("started", {{"version", BULKHEAD_VERSION},
                          {"host", context_.policy->policy.host.id},
                          {"policy", digest.substr(0, 12)},
                          {"backends", std::to_string(context_.backends)},
                          {"missing", missing}});
    tell_unusable();
    TRY(watch_for_reboots());
    settle_orphans();
    loop_.after({}, [this] { workers_->start(); });
    if (name_servers_) name_servers_->follow([this] { workers_->follow_name_servers(); });
    service_.feed_watchdog();
    keep_time();
    TRY(loop_.run());
    workers_.reset();
    note(context_, "agent-stopped", {{"exit", code_}});
    return code_;
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
    loop_.after({}, [this] { settle_orphans(); });
    stop_if_drained();
}

void Broker::on_greeted(Worker& worker) {
    log_.info("worker confined", {{"backend", worker.backend()}});
    if (context_.draining) worker.tell(farewell());
}

protocol::Shutdown Broker::farewell() const {
    // A job that waits for the host to restart has a worker wait in vain.
    const auto patience = std::chrono::milliseconds(
        jobs_.any_waits() && jobs_.running() == 0 ? kLastWords : kGrace + kFlushTime);
    return {.grace_ms = static_cast<std::uint32_t>(patience.count())};
}

void Broker::shut_down() {
    const auto event = farewell();
    if (!std::exchange(context_.draining, true)) {
        log_.info("stopping", {{"running_jobs", std::to_string(jobs_.running())}});
        service_.send("STOPPING=1\nSTATUS=waiting for jobs and workers");
        jobs_.stop_all("agent-stopped");
        loop_.after(std::chrono::milliseconds(event.grace_ms), [this] {
            log_.warning("stopped before jobs and workers had ended");
            stop(kDone);
        });
    }
    workers_->tell_all(event);
    stop_if_drained();
}

void Broker::stop_if_drained() {
    if (context_.draining && !workers_->any_runs() && jobs_.running() == 0) stop(kDone);
}

void Broker::keep_time() {
    if (const auto kept = ledger_.note_time(sys::now()); !kept) {
        log_.error("ledger", {{"why", kept.error().what}});
    }
    loop_.after(records::Ledger::kClockEvery, [this] { keep_time(); });
}

void Broker::stop(int code) {
    code_ = code;
    loop_.stop();
}

}  // namespace bulkhead::broker
