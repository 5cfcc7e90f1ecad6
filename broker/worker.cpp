#include "broker/worker.hpp"

#include <sys/wait.h>

#include <algorithm>

#include "broker/exit_status.hpp"
#include "broker/handlers/dispatch.hpp"
#include "broker/reads/credentials.hpp"

namespace bulkhead::broker {

namespace {

using namespace std::chrono_literals;

constexpr auto kLongestBackoff = 300s;  // between two starts
constexpr auto kSteady = 60s;           // a worker that lived so long resets the backoff
constexpr std::chrono::milliseconds kToMakeRoom = 5s;  // for a replaced worker to exit
constexpr auto kToClose = 100ms;  // until it is asked again whether all that was sent is closed
constexpr std::size_t kMaxViolations = 5;  // in kViolationSpan, then intake is suspended
constexpr auto kViolationSpan = 1h;
constexpr std::size_t kMostTold = 1000;  // ends of a worker that are counted for an hour

}  // namespace

// One closer at most is left of all the processes that came before.
void Worker::start() {
    if (peer_ && !peer_->all_closed()) return start_in(kToClose);
    peer_.reset();
    const auto done = spawn();
    if (done) return;
    ground_.broker.log.error("worker-start-failed",
                             {{"backend", backend()}, {"why", done.error().what}});
    peer_.reset();
    if (owner_.ended(kFailed)) start_later();
}

Result<> Worker::spawn() {
    auto& broker = ground_.broker;
    const auto& profile = broker.policy->policy.part("worker");
    const auto group = "worker-" + backend();
    const auto cgroup = TRY(ground_.cgroups.make(group, profile.limits));
    if (ground_.name_servers != nullptr) {
        egress_.emplace(*ground_.name_servers, TRY(cgroup.duplicate()));
        TRY(egress_->raise(profile.connects));
    }
    auto plan = plan_of(profile, "worker/" + backend(), ground_.part);
    plan.arguments = {"bulkhead-worker"};
    plan.arguments.insert(plan.arguments.end(), ground_.order.begin(), ground_.order.end());
    plan.environment = environment_for_network();
    plan.user = home_.user;
    plan.cgroup = cgroup.fd();
    started_ = sys::Clock::now();
    replaced_ = false;
    peer_ = TRY(Peer::start(
        ground_.loop, broker.log, plan,
        {.rows = profile.paths, .greeting = profile.greeting, .sharers = broker.backends},
        {.answer =
             [this](link::Packet& packet, Gate& gate) {
                 const Caller caller{home_.backend.name, home_.backend.files.items,
                                     peer_->process()};
                 return dispatch<protocol::Requests>(packet, gate, caller, ground_.broker);
             },
         .greeted = [this] { on_greeted(); },
         .failed = [this](Peer::Fault fault, const Error& error) { on_failed(fault, error); },
         .ended = [this](int status) { on_ended(status); }}));
    const auto pid = peer_->process().pid();
    TRY(within(plan.name, ground_.cgroups.require_in(group, pid)));
    note(broker, "worker-started", {{"backend", backend()}, {"pid", pid}});
    return peer_->begin(TRY(setup()));
}

Result<protocol::Setup> Worker::setup() const {
    auto& broker = ground_.broker;
    const auto& policy = *broker.policy;
    const auto& profile = policy.policy.part("worker");
    const int state = home_.state.fd();
    protocol::Setup setup;
    setup.mode = ground_.mode;
    setup.walls_digest = policy.policy.digest;
    setup.backend = home_.backend.name;
    setup.settings.fd = TRY(home_.backend.settings.fd.duplicate());
    setup.state.fd = TRY(home_.state.duplicate());
    setup.seccomp.fd = TRY(sandbox::to_memfd(policy.filter_of("worker")));
    setup.landlock = TRY(
        ruleset_of(profile, std::span(&state, 1), peer_->process().proc(), broker.landlock_abi));
    setup.status = protocol::Handle{TRY(home_.status.duplicate())};
    setup.ports.items = profile.ports;
    setup.egress = egress_.has_value();
    for (const auto& file : home_.backend.files.items) {
        auto opened = open_credential(
            {.backend = backend(), .key = file.key.str(), .path = file.path.str()},
            broker.as_granted().credentials, broker.audit, broker.reads, sys::Clock::now());
        auto& named = setup.files.items.emplace_back();
        named.key = file.key;
        named.reason = protocol::Code::clipped(opened.reason);
        if (opened.file) named.file = protocol::Handle{std::move(opened.file)};
        if (opened.reason == "ok" || (opened.reason == "read-absent" && file.may_be_absent))
            continue;
        broker.log.error("backend-file-refused", {{"backend", backend()},
                                                  {"setting", file.key.str()},
                                                  {"reason", opened.reason},
                                                  {"why", opened.detail}});
    }
    return setup;
}

void Worker::replace() {
    // A worker that is still to be started will be confined by the new policy.
    if (!runs()) return;
    replaced_ = true;
    if (!peer_->greeted()) return peer_->kill();
    note(ground_.broker, "worker-replaced",
         {{"backend", backend()}, {"pid", peer_->process().pid()}});
    tell(protocol::Shutdown{.grace_ms = static_cast<std::uint32_t>(kToMakeRoom.count())});
    peer_->kill_after(kToMakeRoom);
}

void Worker::replace_at_once() {
    if (!runs()) return;
    replaced_ = true;
    note(ground_.broker, "worker-replaced",
         {{"backend", backend()}, {"pid", peer_->process().pid()}});
    peer_->kill();
}

void Worker::follow_name_servers() {
    if (!runs() || !egress_) return;
    if (const auto followed = egress_->follow(); !followed) {
        tell_failure("egress-failed", followed.error().what);
        return peer_->kill();
    }
    ground_.broker.log.info("name-servers-followed", {{"backend", backend()}});
}

// The budget is counted from here on: before Hello the worker has removed what it does not need of
// an earlier one's state.
void Worker::on_greeted() {
    const auto most = ground_.broker.policy->policy.part("worker").limits.state;
    const auto over = [this](const std::string& why) {
        tell_failure("worker-state-over-budget", why);
        peer_->kill();
    };
    budget_.emplace(ground_.loop, StateBudget::Plan{home_.user, home_.state.fd(), most, over});
    settle(true);
    owner_.greeted();
}

void Worker::on_failed(Peer::Fault fault, const Error& error) {
    auto& broker = ground_.broker;
    switch (fault) {
        case Peer::Fault::silent:
            return broker.log.error(
                "worker-silent", {{"backend", backend()}, {"why", "it did not say Hello in time"}});
        case Peer::Fault::view:
            return tell_failure("worker-view-failed", error.what);
        case Peer::Fault::hung:
            return tell_failure("worker-hung", error.what);
        case Peer::Fault::closer:
            return tell_failure("worker-closer-ended", error.what);
        case Peer::Fault::protocol:
            broker.log.error("protocol-violation", {{"backend", backend()}, {"why", error.what}});
            note(broker, "protocol-violation",
                 {{"backend", backend()}, {"pid", peer_->process().pid()}, {"what", error.what}});
            count_violation();
    }
}

void Worker::tell_failure(sys::Event event, const std::string& why) {
    ground_.broker.log.error(event, {{"backend", backend()}, {"why", why}});
    note(ground_.broker, event.name,
         {{"backend", backend()}, {"pid", peer_->process().pid()}, {"why", why}});
}

void Worker::count_violation() {
    auto& broker = ground_.broker;
    const auto time = sys::Clock::now();
    ++facts_.violations;
    violations_.push_back(time);
    while (violations_.front() < time - kViolationSpan) violations_.pop_front();
    if (violations_.size() < kMaxViolations) return;
    if (const auto set = broker.intake.suspend(backend()); !set) {
        broker.log.error("suspend-failed", {{"backend", backend()}, {"why", set.error().what}});
    }
    note(broker, "intake-suspended", {{"backend", backend()}, {"violations", violations_.size()}});
}

void Worker::on_ended(int status) {
    const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    note(ground_.broker, "worker-ended",
         {{"backend", backend()}, {"exit", exit}, {"signal", signal}});
    budget_.reset();
    settle(false);
    if (!owner_.ended(exit)) return;
    if (replaced_) return start_in({});
    ground_.broker.log.warning("worker-ended", {{"backend", backend()},
                                                {"exit", exit},
                                                {"signal", signal},
                                                {"restart_in_s", backoff_.count()}});
    start_later();
}

// Doubles the wait each time.
void Worker::start_later() {
    const auto now = sys::Clock::now();
    if (now - started_ > kSteady) backoff_ = 1s;
    ++facts_.restarts;
    failures_.push_back(now);
    if (failures_.size() > kMostTold) failures_.pop_front();
    start_in(backoff_);
    backoff_ = std::min<std::chrono::seconds>(backoff_ * 2, kLongestBackoff);
}

void Worker::settle(bool confined) {
    if (confined == facts_.confined) return;
    facts_.confined = confined;
    facts_.since = sys::now();
    ground_.broker.changed();
}

WorkerFacts Worker::facts() const {
    auto facts = facts_;
    facts.backend = backend();
    facts.pid = runs() ? peer_->process().pid() : 0;
    const auto lately = [past = sys::Clock::now() - kViolationSpan](const auto& times) {
        return static_cast<unsigned>(
            std::ranges::count_if(times, [&](auto time) { return time > past; }));
    };
    facts.restarts_lately = lately(failures_);
    facts.violations_lately = lately(violations_);
    return facts;
}

void Worker::start_in(std::chrono::milliseconds time) {
    restart_ = ground_.loop.after(time, [this] {
        if (!ground_.broker.draining) start();
    });
}

}  // namespace bulkhead::broker
