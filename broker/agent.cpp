#include "broker/agent.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "broker/dispatch.hpp"
#include "broker/handlers/handlers.hpp"
#include "broker/log_file.hpp"
#include "broker/profiles.hpp"
#include "common/policy/vendor.hpp"
#include "common/protocol/events.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/view/job_view.hpp"
#include "common/view/worker_view.hpp"

namespace bulkhead::broker {

namespace {

using namespace std::chrono_literals;

constexpr auto kGreetingTime = 30s;        // from exec to Hello
constexpr auto kLastWords = 5s;            // from a closed channel to the end of the process
constexpr auto kLongestBackoff = 300s;     // between two starts of the worker
constexpr auto kSteady = 60s;              // a worker that lived so long starts afresh
constexpr auto kFlushTime = 10s;           // for the worker, beyond the grace of its jobs
constexpr std::size_t kMaxViolations = 5;  // in kViolationSpan, then intake is suspended
constexpr auto kViolationSpan = 1h;

std::string label_of(const std::string& state) {
    return crypto::hex(crypto::sha256(as_bytes(state))).substr(0, 8);
}

// Of this process, its children's not counted.
std::chrono::nanoseconds processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

template <class T>
Result<T> input(Result<T> read) {
    if (!read) read.error().kind = Error::Kind::wrong_input;
    return read;
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::create(Options options, const sys::Log& log) {
    auto notifier = Notifier::from_environment();
    const auto user = TRY(input(
        within("--worker-user " + options.worker_user, sandbox::find_user(options.worker_user))));
    TRY(harden_self());
    TRY(input(open_config(options.config)));
    auto program = TRY(input(WorkerProgram::open(options.worker, options.for_worker, user)));
    auto vendor = TRY(input(policy::read_vendor(options.vendor_policy, policy::Trust::root)));
    auto policy = TRY(input(ReadyPolicy::load(options.policy, vendor)));
    TRY(limit_self(policy->policy.part("broker")));
    auto places = TRY(input(prepare_places(options, user)));
    KeptJobs kept(TRY(places.broker_state.open_dir(".")));
    auto ledger = TRY(records::Ledger::open(places.broker_state, now(), kept.list()));
    TRY(within("scripts of jobs", forget_scripts(options)));
    places.status = TRY(listen_for_status(options, user));
    auto audit = TRY(within("audit log", records::Audit::open(places.logs)));
    auto cgroups = TRY(CgroupTree::create(label_of(options.state)));
    auto loop = TRY(sys::Loop::create());
    std::unique_ptr<Agent> agent(new Agent(std::move(options), log, std::move(notifier),
                                           std::move(loop), std::move(places), std::move(cgroups),
                                           std::move(ledger), std::move(audit), std::move(kept)));
    agent->program_ = std::move(program);
    agent->vendor_ = std::move(vendor);
    auto& context = agent->context_;
    context.policy = policy;
    context.worker_user = user;
    context.landlock_abi = sandbox::landlock_abi();
    context.missing = missing_features(context.landlock_abi);
    const auto& controllers = agent->cgroups_.missing();
    context.missing.insert(context.missing.end(), controllers.begin(), controllers.end());
    agent->program_->limit_threads_by_user =
        std::ranges::find(controllers, "cgroup-pids") != controllers.end();
    const auto narrow = view::try_view(context.policy->policy.part("worker").paths);
    if (!narrow) {
        log.warning("no view of its own for the worker", {{"why", narrow.error().what}});
        context.missing.emplace_back("worker-view");
    } else {
        agent->program_->own_view = true;
        agent->places_.worker_state =
            TRY(within("state", view::detached(agent->places_.worker_state)));
    }
    agent->ceiling_ =
        TRY(input(ceiling_of(context.policy->policy, sandbox::reachable_capabilities())));
    TRY(input(agent->require_possible(context.policy->policy)));
    // From here on for root and for every job it will ever start.
    TRY(within("broker",
               sandbox::lower_to(agent->ceiling_, context.policy->policy.part("broker").in_force)));
    TRY(within("broker ceiling", sandbox::install(context.policy->filter_of("broker"))));
    context.counts_by_space =
        view::make_user_namespace({.user = {1, 1}, .groups = {}}, view::IdMap::everybody)
            .has_value();
    if (const auto gone = view::forget_mount_points(context.mount_points); !gone) {
        log.warning("places of earlier jobs' views stay", {{"why", gone.error().what}});
    }
    assess(*policy, context);
    for (const auto& left : agent->ledger_.unreported()) TRY(agent->jobs_.adopt(left));
    return agent;
}

Agent::Agent(Options options, const sys::Log& log, Notifier notifier, sys::Loop loop, Places places,
             CgroupTree cgroups, records::Ledger ledger, records::Audit audit, KeptJobs kept)
    : options_(std::move(options)),
      log_(log),
      notifier_(std::move(notifier)),
      loop_(std::move(loop)),
      places_(std::move(places)),
      cgroups_(std::move(cgroups)),
      ledger_(std::move(ledger)),
      audit_(std::move(audit)),
      kept_(std::move(kept)),
      jobs_(
          loop_, cgroups_, ledger_, audit_, log_,
          [this](JobNumber number, const protocol::JobEnd& end) {
              tell(protocol::JobExited{
                  .number = number, .end = end, .remarks = jobs_.remarks(number)});
              stop_if_drained();
          },
          &kept_),
      context_{.policy = nullptr,
               .ledger = ledger_,
               .audit = audit_,
               .jobs = jobs_,
               .log = log_,
               .worker_user = {},
               .missing = {},
               .mount_points = options_.state + "/broker/roots",
               .script_directory = options_.state + "/scripts",
               .policy_directory = options_.policy,
               .suspended_file = options_.state + "/broker/intake-suspended",
               .reboot_directory = options_.run_dir + "/reboot"} {
    context_.suspended = ::access(context_.suspended_file.c_str(), F_OK) == 0;
}

Result<> Agent::require_possible(const policy::Policy& policy) const {
    for (const auto& [feature, source] : policy.requirements) {
        const auto where = source.file + ":" + std::to_string(source.line) + ": ";
        if (!is_feature(feature)) return fail(where + "no such feature: " + feature);
        if (std::count(context_.missing.begin(), context_.missing.end(), feature) > 0) {
            return fail(where + "this host lacks the required " + feature);
        }
    }
    TRY(ceiling_of(policy, ceiling_));
    const auto& rows = policy.part("worker").paths;
    TRY(within("profiles/worker.profile",
               sandbox::make_ruleset({.paths = rows, .writable = {}, .tcp_connect = std::nullopt},
                                     context_.landlock_abi)));
    return {};
}

Result<> Agent::watch_for_reboots() {
    context_.boot = TRY(boot_id());
    reboot_.emplace(loop_, TRY(places_.broker_state.open_dir(".")), jobs_, audit_, log_,
                    options_.systemctl, context_.boot);
    context_.reboot = &*reboot_;
    jobs_.watch([this](JobNumber number) { reboot_->ask(number); },
                [this] { reboot_->consider(); });
    TRY(reboot_->adopt());
    return take_up_waiting_jobs();
}

// In another boot than theirs they go on; in the same they wait, if somebody still restarts it.
Result<> Agent::take_up_waiting_jobs() {
    const auto waiting = ledger_.unended();
    for (const auto number : kept_.list()) {
        if (std::ranges::count(waiting, number, &records::Unreported::number) > 0) continue;
        TRY(kept_.remove(number));  // it has ended
    }
    for (const auto& job : waiting) {
        TRY(jobs_.wait(job));
        const auto kept = kept_.read(job.number);
        if (!kept) {
            jobs_.give_up(job.number, kept.error().what);
        } else if (kept->boot.str() != context_.boot) {
            TRY(kept_.remove(job.number));
            resume(*kept, job, context_);
        } else if (!reboot_->pending()) {
            jobs_.give_up(job.number, "the agent was restarted, and not the host");
        }
    }
    return {};
}

Result<int> Agent::run() {
    TRY(watch_signals());
    std::string missing;
    for (const auto& feature : context_.missing) missing += (missing.empty() ? "" : " ") + feature;
    const auto& opened = ledger_.opened();
    note("agent-started", {{"version", BULKHEAD_VERSION},
                           {"policy", crypto::hex(context_.policy->policy.digest)},
                           {"landlock_abi", context_.landlock_abi},
                           {"missing", missing},
                           {"ledger_torn_bytes", opened.torn_bytes},
                           {"interrupted_jobs", opened.interrupted.size()}});
    log_.info("started", {{"version", BULKHEAD_VERSION},
                          {"host", context_.policy->policy.host.id},
                          {"policy", crypto::hex(context_.policy->policy.digest).substr(0, 12)},
                          {"missing", missing}});
    tell_unusable();
    TRY(watch_for_reboots());
    TRY(start_worker());
    feed_watchdog();
    keep_time();
    TRY(loop_.run());
    worker_.reset();
    note("agent-stopped", {{"exit", code_}});
    return code_;
}

// --- the worker

Result<> Agent::start_worker() {
    gate_ = Gate();
    worker_.emplace(TRY(WorkerProcess::spawn(*program_, cgroups_.worker())));
    TRY(within("worker", cgroups_.require_worker(worker_->pid())));
    context_.worker = &*worker_;
    started_ = sys::Clock::now();
    note("worker-started", {{"pid", worker_->pid()}});
    TRY(loop_.watch(worker_->pidfd().get(), EPOLLIN, [this](std::uint32_t) { on_worker_ended(); }));
    TRY(loop_.watch(worker_->channel().fd(), EPOLLIN, [this](std::uint32_t) { on_packet(); }));
    greeting_ = loop_.after(kGreetingTime, [this] {
        log_.error("worker did not say Hello in time");
        worker_->kill();
    });
    return send_setup();
}

Result<> Agent::send_setup() {
    const auto& policy = *context_.policy;
    protocol::Setup setup;
    setup.mode = options_.command == Command::once ? protocol::Mode::once : protocol::Mode::serve;
    setup.config.fd = TRY(open_config(options_.config));
    setup.state.fd = TRY(places_.worker_state.duplicate());
    setup.seccomp.fd = TRY(sandbox::to_memfd(policy.filter_of("worker")));
    setup.status = protocol::Handle{TRY(places_.status.duplicate())};
    const auto& rules = policy.policy.part("worker");
    const int state = places_.worker_state.fd();
    auto ruleset = TRY(
        within("profiles/worker.profile",
               sandbox::make_ruleset({.paths = rules.paths,
                                      .writable = std::span(&state, 1),
                                      .proc = worker_->proc(),
                                      .tcp_connect = std::span<const std::uint16_t>(rules.ports)},
                                     context_.landlock_abi)));
    if (ruleset) setup.landlock = protocol::Handle{*std::move(ruleset)};
    setup.ports.items = rules.ports;
    const auto frame = TRY(protocol::encode(protocol::Setup::spec.id, 0, setup));
    return worker_->channel().send(frame.bytes, frame.descriptors);
}

// One packet a turn: what else lies there brings us back at once.
void Agent::on_packet() {
    const int fd = worker_->channel().fd();
    if (const auto when = gate_.must_wait(sys::Clock::now())) {
        loop_.forget(fd);
        loop_.at(*when, [this, pid = worker_->pid()] {
            if (!worker_ || worker_->pid() != pid) return;
            const auto watched = loop_.watch(worker_->channel().fd(), EPOLLIN,
                                             [this](std::uint32_t) { on_packet(); });
            if (!watched) on_violation(watched.error());
        });
        return;
    }
    auto packet = worker_->channel().receive();
    if (!packet && packet.error().code == EAGAIN) return;
    if (!packet) return on_violation(packet.error());
    if (!*packet) return on_closed();
    const bool greeted = gate_.phase() == protocol::Phase::serving;
    if (!greeted && !close_view()) return;
    const auto worked = processor_time();
    const auto done = dispatch(**packet, gate_, context_);
    gate_.charge(Gate::kForWork * (processor_time() - worked));
    if (!done) {
        // A worker that died while it was answered has broken no rule.
        return done.error().code == EPIPE ? on_closed() : on_violation(done.error());
    }
    if (!greeted && gate_.phase() == protocol::Phase::serving) {
        loop_.cancel(greeting_);
        if (!std::exchange(ready_, true)) notifier_.send("READY=1\nSTATUS=worker confined");
        log_.info("worker confined", {{"pid", std::to_string(worker_->pid())}});
        if (context_.draining) shut_down();
    }
}

// Before its first request, whatever that is, is looked at.
bool Agent::close_view() {
    const auto closed = worker_->close_view(context_.policy->policy.part("worker").paths);
    if (closed) return true;
    log_.error("close the worker's view", {{"why", closed.error().what}});
    note("worker-view-failed", {{"pid", worker_->pid()}, {"why", closed.error().what}});
    loop_.forget(worker_->channel().fd());
    worker_->kill();
    return false;
}

// It is on its way out, as the pidfd will tell, or it has no more use.
void Agent::on_closed() {
    loop_.forget(worker_->channel().fd());
    loop_.cancel(greeting_);
    greeting_ = loop_.after(kLastWords, [this] { worker_->kill(); });
}

// No answer: close, kill, audit, start afresh, slower each time.
void Agent::on_violation(const Error& error) {
    log_.error("worker broke the protocol", {{"what", error.what}});
    note("protocol-violation", {{"pid", worker_->pid()}, {"what", error.what}});
    loop_.forget(worker_->channel().fd());
    worker_->kill();
    const auto time = sys::Clock::now();
    violations_.push_back(time);
    while (violations_.front() < time - kViolationSpan) violations_.pop_front();
    if (violations_.size() < kMaxViolations) return;
    const auto marked = places_.broker_state.write_atomic(
        "intake-suspended", "too many protocol violations; bulkhead resume-jobs\n", 0600);
    if (!marked) log_.error("suspend job intake", {{"why", marked.error().what}});
    context_.suspended = true;
    context_.mark_failed = !marked;
    note("intake-suspended", {{"violations", violations_.size()}});
}

void Agent::on_worker_ended() {
    loop_.cancel(greeting_);
    loop_.forget(worker_->pidfd().get());
    loop_.forget(worker_->channel().fd());
    const int status = worker_->reap();
    const int exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    note("worker-ended",
         {{"exit", exit_code}, {"signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0}});
    context_.worker = nullptr;
    worker_.reset();
    if (options_.command == Command::once) return stop(exit_code < 0 ? kFailed : exit_code);
    // Wrong settings do not get better by trying again. Only the first worker is believed that,
    // before it has met the network: a captured one must not be able to stop root and its jobs.
    if (exit_code == kBadUsage && !ready_) return stop(kBadUsage);
    if (context_.draining) return stop_if_drained();
    log_.warning("worker ended",
                 {{"exit", std::to_string(exit_code)},
                  {"signal", std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : 0)},
                  {"restart_in_s", std::to_string(backoff_.count())}});
    schedule_restart();
}

void Agent::schedule_restart() {
    if (sys::Clock::now() - started_ > kSteady) backoff_ = 1s;
    loop_.after(backoff_, [this] {
        if (context_.draining) return;
        if (const auto again = start_worker(); !again) {
            log_.error("start worker", {{"why", again.error().what}});
            if (worker_) worker_->kill();
            worker_ ? on_worker_ended() : schedule_restart();
        }
    });
    backoff_ = std::min<std::chrono::seconds>(backoff_ * 2, kLongestBackoff);
}

template <class Event>
void Agent::tell(const Event& event) {
    // A worker that comes later is told everything in HelloReply.
    if (!worker_ || gate_.phase() != protocol::Phase::serving) return;
    const auto frame = protocol::encode(Event::spec.id, 0, event);
    const auto sent = frame ? worker_->channel().send(frame->bytes, frame->descriptors)
                            : Result<>(std::unexpected(frame.error()));
    if (!sent && sent.error().code != EPIPE) on_violation(sent.error());
}

// --- the service manager

Result<> Agent::watch_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, number);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return sys::fail_errno("sigprocmask");
    signals_ = sys::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return sys::fail_errno("signalfd");
    return loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
            on_signal(static_cast<int>(info.ssi_signo));
        }
    });
}

void Agent::on_signal(int number) {
    if (number == SIGHUP) return reload();
    shut_down();
}

void Agent::reload() {
    if (const auto reopened = audit_.reopen(); !reopened) {
        log_.error("reopen audit log", {{"why", reopened.error().what}});
    }
    if (!options_.log_file.empty()) {
        if (const auto reopened = log_to(options_.log_file); !reopened) {
            log_.error("reopen log", {{"why", reopened.error().what}});
        }
    }
    auto fresh = ReadyPolicy::load(options_.policy, vendor_);
    auto met = fresh ? require_possible((*fresh)->policy) : Result<>();
    if (fresh && met && program_->own_view) {
        met = view::try_view((*fresh)->policy.part("worker").paths);
    }
    if (!met) fresh = std::unexpected(met.error());
    if (fresh) {
        assess(**fresh, context_);
        context_.policy = *std::move(fresh);
        tell_unusable();
        const auto digest = crypto::hex(context_.policy->policy.digest);
        note("policy-loaded", {{"policy", digest}});
        log_.info("policy reloaded", {{"policy", digest.substr(0, 12)}});
    } else {
        log_.error("policy not reloaded, the old one stays", {{"why", fresh.error().what}});
        note("policy-rejected", {{"why", fresh.error().what}});
    }
    protocol::PolicyReloaded event{.policy_digest = context_.policy->policy.digest, .log = {}};
    if (!options_.log_file.empty()) event.log = protocol::Handle{sys::Fd(::dup(STDOUT_FILENO))};
    tell(event);
}

void Agent::tell_unusable() {
    for (const auto& sentence : unusable(*context_.policy)) {
        log_.warning("no jobs of a profile", {{"why", sentence}});
        note("profile-unusable", {{"why", sentence}});
    }
}

void Agent::shut_down() {
    // A job that waits for the host to restart has a worker wait in vain.
    const auto patience = std::chrono::milliseconds(
        jobs_.any_waits() && jobs_.running() == 0 ? kLastWords : kGrace + kFlushTime);
    if (!std::exchange(context_.draining, true)) {
        log_.info("stopping", {{"running_jobs", std::to_string(jobs_.running())}});
        notifier_.send("STOPPING=1\nSTATUS=waiting for jobs and the worker");
        jobs_.stop_all("agent-stopped");
        loop_.after(patience, [this] { stop(kDone); });
    }
    tell(protocol::Shutdown{.grace_ms = static_cast<std::uint32_t>(patience.count())});
    stop_if_drained();
}

void Agent::stop_if_drained() {
    if (context_.draining && !worker_ && jobs_.running() == 0) stop(kDone);
}

void Agent::feed_watchdog() {
    if (const auto interval = notifier_.watchdog()) {
        notifier_.send("WATCHDOG=1");
        loop_.after(*interval, [this] { feed_watchdog(); });
    }
}

void Agent::keep_time() {
    if (const auto kept = ledger_.note_time(now()); !kept) {
        log_.error("ledger", {{"why", kept.error().what}});
    }
    loop_.after(records::Ledger::kClockEvery, [this] { keep_time(); });
}

void Agent::stop(int code) {
    code_ = code;
    loop_.stop();
}

void Agent::note(std::string_view event, std::initializer_list<records::Field> fields) {
    if (const auto written = audit_.event(event, fields); !written) {
        log_.error("audit log", {{"event", std::string(event)}, {"why", written.error().what}});
    }
}

}  // namespace bulkhead::broker
