// How the broker starts: what it is made of, in the order that docs/architecture.md explains.
#include <cerrno>

#include "broker/broker.hpp"
#include "broker/ceiling.hpp"
#include "broker/config_reader.hpp"
#include "broker/context/profiles.hpp"
#include "broker/exit_status.hpp"
#include "broker/reads/stamp.hpp"
#include "broker/records/worker_states.hpp"
#include "broker/records/written_by.hpp"
#include "broker/status/root_status.hpp"
#include "common/policy/judge.hpp"
#include "common/policy/parse.hpp"
#include "common/policy/vendor.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/memory.hpp"
#include "common/view/job_view.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

namespace {

// Where an error of the disk is, and what to do about it.
template <class T>
Result<T> on_disk(const std::string& path, Result<T> done) {
    if (done) return done;
    auto error = std::move(done).error();
    if (error.code == EROFS) {
        error.what += "; " + path +
                      " is on a file system that is mounted read-only: see why "
                      "(findmnt -T " +
                      path + "; journalctl -k), and mount it writable";
    } else if (error.code == ENOSPC || error.code == EDQUOT) {
        error.what += "; make room on the file system of " + path + " (df " + path + ")";
    }
    return std::unexpected(std::move(error));
}

using policy::Wall;

// After workers are confined: by then they have told their first inventory.
constexpr std::chrono::seconds kStartIsOver{20};

std::string label_of(const std::string& state) {
    return crypto::hex(crypto::sha256(as_bytes(state))).substr(0, 8);
}

}  // namespace

Result<std::unique_ptr<Broker>> Broker::create(Options options, const sys::Log& log) {
    auto standing = TRY(harden_self());
    auto parts = TRY(prepare(std::move(options)));
    auto settled = settle_policy(parts, log);
    // What is not there may be mounted later; then the service manager's next attempt succeeds.
    if (!settled && parts.policy && !absent_paths(parts.policy->policy.part("worker")).empty()) {
        settled.error().kind = Error::Kind::not_there;
    }
    TRY(std::move(settled));
    const auto policy = parts.policy;
    TRY(standing.add({Wall::limits}, limit_self(policy->policy.part("broker"))));
    std::unique_ptr<Broker> broker(new Broker(std::move(parts), log));
    TRY(standing.add({Wall::seccomp}, install_ceiling(*policy)));
    TRY(broker->make_workers());
    TRY(standing.add({Wall::capabilities, Wall::no_new_privs},
                     give_up_capabilities(*policy, broker->context_.ceiling)));
    TRY(within("broker", standing.require(policy::kBrokerWalls)));
    TRY(broker->take_stock(*policy));
    return broker;
}

Result<Broker::Parts> Broker::prepare(Options options) {
    auto notifier = Notifier::from_environment();
    TRY(input(Upgrade::patience(options.upgrade_within)));
    TRY(input(open_config(options.config)));
    auto program = TRY(input(open_program(options.worker)));
    auto vendor = TRY(input(policy::read_vendor(options.vendor_policy, policy::Trust::root)));
    auto directories = TRY(input(on_disk(options.state, prepare_directories(options))));
    auto written_by = TRY(records::read_written_by(directories.broker_state));
    TRY(input(records::require_known(written_by)));
    KeptJobs kept(TRY(directories.broker_state.open_dir(".")));
    const auto past = TRY(
        within("ledger", records::look_back(TRY(sys::Dir::open(options.state)), directories.logs)));
    auto ledger = TRY(
        on_disk(options.state + "/broker",
                records::Ledger::open(directories.broker_state, sys::now(), kept.list(), past)));
    TRY(within("scripts of jobs", remove_files_in(options.state + "/scripts")));
    auto audit = TRY(on_disk(
        options.log_dir,
        within("audit log", records::Audit::open(directories.logs, {.ledger = ledger.mark()}))));
    auto evidence =
        TRY(on_disk(options.state + "/broker",
                    within("evidence", records::Evidence::open(directories.broker_state))));
    auto cgroups = TRY(CgroupTree::create(label_of(options.state)));
    auto loop = TRY(sys::Loop::create());
    return Parts{std::move(options),  std::move(vendor),      std::move(loop),
                 std::move(notifier), std::move(directories), std::move(cgroups),
                 std::move(ledger),   std::move(audit),       std::move(evidence),
                 std::move(kept),     std::move(program),     std::move(written_by)};
}

// Where the policy on disk is not one that this host can put in force, the last one is tried, as
// the operator's files over this version's: after an upgrade the walls are this version's.
Result<> Broker::settle_policy(Parts& parts, const sys::Log& log) {
    const auto fresh = fit(parts, ReadyPolicy::load(parts.options.policy, parts.vendor),
                           parts.options.policy, log);
    if (fresh || fresh.error().kind != Error::Kind::wrong_input) return fresh;
    parts.rejected = fresh.error().what;
    records::note(parts.audit, log, "policy-rejected", {{"why", parts.rejected}, {"at", "start"}},
                  records::Durable::yes);
    auto files = parts.evidence.last_policy();
    if (!files && files.error().code == ENOENT) return fresh;
    if (!files) {
        return fail(parts.rejected + "; " + files.error().what, Error::Kind::wrong_input);
    }
    std::erase_if(files->texts, [](const auto& one) {
        const auto* kind = policy::kind_of(one.first);
        return kind != nullptr && kind->from == policy::From::vendor;
    });
    auto made = ReadyPolicy::make(parts.vendor, *files);
    if (made) {
        const auto gone =
            policy::withdraw_rows((*made)->policy, parts.vendor, parts.options.policy);
        if (!gone.empty()) {
            records::note(parts.audit, log, "withdrawals-applied", {{"files", gone}},
                          records::Durable::yes);
        }
    }
    const auto last = fit(parts, std::move(made), files->directory, log);
    if (last || last.error().kind != Error::Kind::wrong_input) return last;
    return fail(
        parts.rejected + "; nor can the walls of the policy before stand: " + last.error().what,
        Error::Kind::wrong_input);
}

// Makes it the parts' policy, with all that this host has to have for it. Errors name `directory`.
Result<> Broker::fit(Parts& parts, Result<std::shared_ptr<ReadyPolicy>> loaded,
                     const std::string& directory, const sys::Log& log) {
    parts.policy = TRY(input(std::move(loaded)));
    look_at_host(parts, log);
    TRY(look_for_egress(parts, log));
    auto options = parts.options;
    options.policy = directory;
    const auto reachable = sandbox::reachable_capabilities();
    TRY(input(require_possible(parts.policy->policy, options, parts.missing, reachable,
                               parts.landlock_abi)));
    parts.ceiling = TRY(input(ceiling_for(*parts.policy, reachable)));
    return {};
}

void Broker::look_at_host(Parts& parts, const sys::Log& log) {
    auto not_raised = not_raised_here() | parts.cgroups.missing();
    parts.landlock_abi = sandbox::landlock_abi();
    parts.part.program = parts.program.get();
    parts.part.limit_threads_by_user = not_raised.has(Wall::cgroup_pids);
    const auto narrow = view::try_view(parts.policy->policy.part("worker").paths);
    parts.part.own_view = narrow.has_value();
    if (!narrow) {
        log.warning("worker-view-missing", {{"why", narrow.error().what}});
        not_raised.add(Wall::worker_view);
    }
    parts.missing = sandbox::names_of(sandbox::lacking_walls(not_raised));
}

// Tried in the cgroup of the config reader, whose connections the same programs forbid.
Result<> Broker::look_for_egress(Parts& parts, const sys::Log& log) {
    constexpr const char* kReader = "config-reader";
    const auto& limits = parts.policy->policy.part(kReader).limits;
    const auto cgroup = TRY(parts.cgroups.make(kReader, limits));
    const auto& absent = parts.cgroups.absent();
    const auto raised = absent.empty() ? try_egress(cgroup.fd()) : fail(absent);
    if (!raised && raised.error().kind == Error::Kind::differs) return raised;
    parts.egress = raised.has_value();
    if (raised) return {};
    log.warning("egress-missing", {{"why", "egress: ports only: " + raised.error().what}});
    parts.missing.emplace_back(policy::kEgressWall);
    return {};
}

Broker::Broker(Parts parts, const sys::Log& log)
    : parts_(std::move(parts)),
      log_(log),
      service_(parts_.loop, std::move(parts_.notifier)),
      pipes_([this](std::string_view state, const sys::Fd* fd) { return service_.send(state, fd); },
             service_.take_kept()),
      views_(parts_.loop, log_),
      jobs_(
          parts_.loop, parts_.cgroups, parts_.ledger, parts_.audit, log_,
          [this](JobNumber number, const protocol::JobEnd& end) { on_job_ended(number, end); },
          &parts_.kept, &pipes_, &views_),
      context_{.policy = std::move(parts_.policy),
               .ledger = parts_.ledger,
               .audit = parts_.audit,
               .evidence = parts_.evidence,
               .jobs = jobs_,
               .log = log_,
               .intake = Intake(parts_.options.state + "/broker"),
               .ceiling = parts_.ceiling,
               .missing = std::move(parts_.missing),
               .landlock_abi = parts_.landlock_abi,
               .mount_points = parts_.options.state + "/broker/roots",
               .script_directory = parts_.options.state + "/scripts",
               .policy_directory = parts_.options.policy,
               .reboot_directory = parts_.options.run_dir + "/reboot",
               .state_directory = parts_.options.state,
               .log_directory = parts_.options.log_dir,
               .config_file = parts_.options.config,
               .config_stamp = stamp_of(parts_.options.config)},
      requests_(parts_.loop, context_, parts_.options.state + "/broker",
                [this] { return reload(); }) {
    context_.none_in_force = !parts_.rejected.empty();
    context_.fetch = parts_.ledger.readable();
    if (!context_.fetch) context_.newer_version = parts_.written_by.version;
    if (parts_.egress) name_servers_.emplace(parts_.loop, log_);
}

// What profiles and jobs of earlier brokers come to, with the capabilities that are left.
Result<> Broker::take_stock(ReadyPolicy& policy) {
    context_.counts_by_space =
        view::make_user_namespace({.user = {1, 1}, .groups = {}}, view::IdMap::everybody)
            .has_value();
    if (const auto gone = view::forget_mount_points(context_.mount_points); !gone) {
        log_.warning("view-places-left", {{"why", gone.error().what}});
    }
    assess(policy, context_);
    for (const auto& left : parts_.ledger.unreported()) jobs_.adopt(left);
    return {};
}

// Call while root still has CAP_CHOWN in force: state directories are given to workers' accounts.
Result<> Broker::make_workers() {
    auto backends = TRY(read_config(parts_.options, parts_.part, parts_.cgroups, context_));
    std::vector<std::string> names;
    for (const auto& backend : backends) names.push_back(backend.name.str());
    const auto slots = TRY(input(records::take_slots(parts_.directories.broker_state,
                                                     parts_.directories.worker_states, names)));
    const auto heirs = TRY(input(within(
        "--worker-user", records::heirs_of(slots, parts_.options.worker_user, parts_.ledger))));
    // Which jobs are whose only the ledger knows.
    const auto settled = parts_.ledger.readable()
                             ? TRY(records::settle_worker_states(parts_.options.state, heirs))
                             : std::vector<std::string>{};
    for (const auto& line : settled) log_.warning("old-worker-state", {{"why", line}});
    TRY(within("status sockets", remove_files_in(parts_.options.run_dir + "/status")));
    std::vector<Home> homes;
    for (std::size_t i = 0; i < backends.size(); ++i) {
        auto place = TRY(input(make_home(parts_.options, names[i], heirs[i].user)));
        if (parts_.part.own_view) place.state = TRY(within("state", view::detached(place.state)));
        homes.push_back({.backend = std::move(backends[i]),
                         .user = heirs[i].user,
                         .state = std::move(place.state),
                         .status = std::move(place.status)});
        context_.intake.suspended(names[i], parts_.audit);  // remembers it, to record its end
    }
    context_.backends = homes.size();
    const bool once = parts_.options.command == Command::once;
    workers_ = std::make_unique<Workers>(
        WorkerGround{.loop = parts_.loop,
                     .broker = context_,
                     .cgroups = parts_.cgroups,
                     .part = parts_.part,
                     .name_servers = name_servers_ ? &*name_servers_ : nullptr,
                     .mode = once ? protocol::Mode::once : protocol::Mode::serve,
                     .order = parts_.options.order},
        std::move(homes),
        Workers::Owner{
            .ready =
                [this](std::size_t confined, std::size_t all) {
                    service_.send(
                        "READY=1\nSTATUS=" + std::to_string(confined) + " of " +
                        std::to_string(all) + " workers confined" +
                        (context_.none_in_force ? "; policy rejected, no job starts" : ""));
                    parts_.loop.after(kStartIsOver, [] { sys::give_back_memory(); });
                },
            .greeted = [this](Worker& worker) { on_greeted(worker); },
            // A pass that ran no job for that reason has not succeeded.
            .done = [this](int exit) { stop(context_.none_in_force ? kBadUsage : exit); },
            .drained = [this] { stop_if_drained(); }});
    return {};
}

}  // namespace bulkhead::broker
