#include "worker/worker.hpp"

#include <sys/epoll.h>

#include "common/crypto/sha256.hpp"
#include "common/sys/memory.hpp"
#include "worker/backend/json/troubles_json.hpp"
#include "worker/broker/kernel_features.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::chrono::minutes kTrialsPause{1};
// By the first it has enrolled and told its inventory; about once an hour a connection is made anew
// (HttpSettings::kept_for), whose handshake takes more code than all else together.
constexpr std::chrono::seconds kStartIsOver{10};
constexpr std::chrono::hours kGiveBackEvery{1};

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(BrokerClient broker, Config config,
                                               protocol::Setup setup, RunOptions run,
                                               const sys::Log& log) {
    auto own = TRY(prepare(std::move(broker), std::move(config), std::move(setup), log));
    auto session = TRY(Session::prepare({.loop = own->loop,
                                         .broker = own->broker,
                                         .config = own->config,
                                         .log = log,
                                         .credentials = own->credentials,
                                         .spool = own->spool,
                                         .inventory = own->inventory,
                                         .refusals = own->refusals,
                                         .samples = own->samples,
                                         .artifacts = own->artifacts,
                                         .proc = own->proc,
                                         .disk = own->disk,
                                         .facts = own->facts,
                                         .run = run}));
    return std::unique_ptr<Worker>(new Worker(std::move(own), std::move(session), run, log));
}

Worker::Worker(std::unique_ptr<WorkerResources> own, Session::Parts session, RunOptions run,
               const sys::Log& log)
    : log_(log),
      own_(std::move(own)),
      session_(std::move(session), {.refresh_facts = [this] { refresh_system(); },
                                    .job_settled = [this] { stop_if_drained(); },
                                    .fatal = [this](const Error& error) { fail_worker(error); },
                                    .finished = [this](bool sent) { stop(sent ? 0 : 1); },
                                    .jobs_held = [this] { say_held(); }}) {
    auto socket = std::exchange(own_->status_socket, std::nullopt);
    if (!socket || run.mode != RunMode::serve) return;  // closed, if nobody is to be answered
    status_.emplace(own_->loop, *std::move(socket), [this] { return compose_status(); });
}

// A loader makes them once, soon after the broker's start; on a host without one there are none.
void Worker::ask_for_trials() {
    const auto now = sys::Clock::now();
    if (own_->facts.bpf_support.trials || (trials_asked_ && now < *trials_asked_ + kTrialsPause))
        return;
    if (!session_.wants_bpf_support()) return;
    trials_asked_ = now;
    const auto reply = own_->broker.call(protocol::KernelFeatures{});
    if (!reply) return fail_worker(reply.error());
    take_trials(own_->facts.bpf_support, *reply);
}

// Early in boot the host name and the clock are not set yet; both are read again when they change.
void Worker::refresh_system() {
    ask_for_trials();
    auto now = read_settable_facts();
    if (!was_set(own_->settable, now)) return;
    auto system = read_system_info(own_->root, own_->proc);
    if (!system) return log_.warning("system-unread", {{"why", system.error().what}});
    auto& known = own_->facts.system;
    if (known.hostname != system->hostname) {
        log_.warning("host-renamed",
                     {{"was", known.hostname},
                      {"is", system->hostname},
                      {"advice", "a backend that knows it by its name takes it for another host"}});
    }
    own_->settable = std::move(now);
    system->hardware = std::move(known.hardware);  // which does not change
    known = *std::move(system);
}

Result<> Worker::take_over(std::vector<protocol::UnreportedJob> jobs) {
    std::vector<JobNumber> owed;
    for (auto& job : jobs) {
        const auto number = job.number;
        const auto delivery = job.delivery_id.value.str();
        if (session_.adopt(std::move(job))) {
            owed.push_back(number);
            continue;
        }
        log_.warning("job-orphaned", {{"delivery", delivery}});
        TRY(own_->broker.call(protocol::AckJob{.number = number}));
    }
    // The broker has forgotten all other jobs, as they were reported: their output can go.
    return own_->jobs_known ? own_->spool.keep_only(owed) : Result<>();
}

Result<int> Worker::run() {
    auto& broker = own_->broker;
    TRY(own_->loop.watch(broker.fd(), EPOLLIN, [this](std::uint32_t) { on_events(); }));
    broker.when_kept([this] { own_->loop.after({}, [this] { on_events(); }); });
    if (status_) TRY(status_->start());
    TRY(take_over(std::exchange(own_->jobs, {})));
    if (!own_->fetch_jobs) session_.fetch_jobs(false);
    // From within the loop: a session with nothing to do ends the run at once.
    own_->loop.after({}, [this] { session_.start(); });
    own_->loop.after(kStartIsOver, [this] { give_back(); });
    TRY(own_->loop.run());
    return code_;
}

void Worker::give_back() {
    sys::give_back_memory();
    own_->loop.after(kGiveBackEvery, [this] { give_back(); });
}

void Worker::on_events() {
    for (;;) {
        auto packet = own_->broker.next_event();
        if (!packet) return fail_worker(packet.error());
        if (!*packet) return;
        if (const auto done = on_event(**packet); !done) return fail_worker(done.error());
    }
}

// An event without an on() for it does not compile. What belongs to the greeting is taken by
// BrokerClient::receive_first() and is no event any more.
Result<> Worker::on_event(link::Packet& packet) {
    const auto header = TRY(protocol::decode_header(packet.bytes));
    Result<> done = fail("unknown event " + std::to_string(header.id));
    protocol::Events::visit(header.id, [&]<class Event> {
        if constexpr (Event::spec.phase != protocol::Phase::greeting) {
            auto event = protocol::decode<Event>(packet.bytes, packet.descriptors);
            done = event ? Result<>() : std::unexpected(event.error());
            if (event) on(*std::move(event));
        }
    });
    return done;
}

void Worker::on(const protocol::JobExited& event) { session_.job_exited(event); }

void Worker::on(const protocol::ArtifactChanged& event) { session_.artifact_changed(event.status); }

void Worker::on(const protocol::PolicyReloaded& event) {
    auto& facts = own_->facts;
    facts.policy_digest = crypto::hex(event.policy_digest);
    facts.ceiling_digest = crypto::hex(event.ceiling_digest);
    facts.restart_needed = event.restart_needed;
    session_.files_may_have_changed();
    session_.look_whether_left();
    // The next worker is handed what the policy of now has of its files.
    if (session_.shut()) stop(0);
}

void Worker::on(const protocol::FetchJobs& event) { session_.fetch_jobs(event.fetch); }

void Worker::say_held() {
    const auto said = own_->broker.call(protocol::JobsHeld{});
    if (!said) fail_worker(said.error());
}

// After whatever was received the broker is asked for its state anew.
void Worker::on(const protocol::Ping&) {
    session_.look_whether_left();
    if (const auto state = own_->broker.host_state(); !state) fail_worker(state.error());
}

void Worker::on(const protocol::Shutdown&) {
    draining_ = true;
    session_.drain();
    stop_if_drained();
}

// Stops once all is reported; otherwise the broker kills this process Shutdown.grace_ms later.
void Worker::stop_if_drained() {
    if (draining_ && session_.idle()) stop(0);
}

void Worker::fail_worker(const Error& error) {
    log_.failed("worker-failed", error);
    stop(1);
}

void Worker::stop(int code) {
    code_ = code;
    own_->loop.stop();
}

std::string Worker::compose_status() const {
    const auto& facts = own_->facts;
    JsonWriter json;
    json.begin_object();
    json.put("version", std::string_view(BULKHEAD_VERSION));
    json.put("host_id", facts.host_id);
    json.put("policy_digest", facts.policy_digest);
    json.put("walls_digest", facts.walls_digest);
    json.put("ceiling_digest", facts.ceiling_digest);
    json.put("restart_needed", facts.restart_needed);
    json.begin_object("confinement").put("landlock_abi", facts.confinement.landlock_abi);
    json.begin_array("missing");
    for (const auto& feature : facts.confinement.missing) json.add(feature);
    json.end().end();
    // Without an answer the broker is gone, and this process ends with it.
    if (const auto state = own_->broker.host_state(std::chrono::seconds(1))) {
        put_troubles(json, troubles_of(*state));
        json.begin_object("ledger")
            .put("size", state->ledger_records)
            .put("head", crypto::hex(state->ledger_head))
            .end();
    }
    json.begin_array("backends");
    session_.describe(json);
    json.end().end();
    return std::move(json).take();
}

}  // namespace bulkhead::worker
