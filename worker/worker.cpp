#include "worker/worker.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "common/crypto/sha256.hpp"
#include "common/sandbox/landlock.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/broker/host_files.hpp"
#include "worker/confine.hpp"
#include "worker/host/readings/hardware.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

// What stays as it is, of the kernel and the machine: read once, while /sys can be seen.
struct Machine {
    Hardware hardware;
    BpfSupport bpf_support;
};

Result<Machine> look_at_machine() {
    const auto root = TRY(sys::Dir::open("/"));
    return Machine{read_hardware(root), read_bpf_support(root)};
}

Result<std::vector<std::string>> tidy(const sys::Dir& state) {
    constexpr std::array<std::string_view, 4> kOurs{"credentials", "inventory", "refusals",
                                                    "spool"};
    Removed removed;
    const auto ours = [&](std::string_view name) { return std::ranges::count(kOurs, name) > 0; };
    TRY(within("state directory", keep_names(state, ours, removed)));
    return removed.sentences();
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(BrokerClient broker, Config config,
                                               protocol::Setup setup, Pass pass, bool forced,
                                               sys::Log& log) {
    std::signal(SIGXFSZ, SIG_IGN);  // the spool sees EFBIG
    // Everything that needs an open door...
    TRY(HttpClient::prepare());
    // /etc is on the root file system: fstab(5) must be. A directory would lead out of the view.
    sys::Fd disk(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    ProcFiles proc(TRY(sys::Dir::open("/proc")));
    auto machine = TRY(look_at_machine());
    const int abi = setup.landlock ? sandbox::landlock_abi() : 0;
    // ... then the doors ...
    if (setup.egress) TRY(within("confine", verify_egress(setup.ports.items)));
    TRY(within("confine", confine(setup.seccomp, setup.landlock)));
    // ... then the rest.
    auto loop = TRY(sys::Loop::create());
    const auto state = sys::Dir::from(std::move(setup.state.fd));
    auto leftovers = TRY(tidy(state));
    auto credentials = TRY(CredentialStore::open(state));
    const auto most = config.spool.max_bytes;
    const auto walls = crypto::hex(setup.walls_digest);
    auto spool = TRY(Spool::open(
        state, {.job_bytes = std::min(SpoolLimits{}.job_bytes, most), .total_bytes = most}));
    // Here the broker takes the host's files away: what was opened before stays open, and a
    // directory among it would still show all of them.
    auto hello = TRY(broker.call(protocol::Hello{.landlock_abi = static_cast<std::uint32_t>(abi)}));
    auto root = sys::Dir::from(sys::Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    auto inventory = TRY(InventoryStore::open(state));
    auto refusals = TRY(RefusalStore::open(state));
    for (const auto& problem : spool.problems()) log.warning("spool", {{"why", problem.what}});
    for (const auto* more : {&credentials.removed(), &inventory.removed(), &refusals.removed()}) {
        leftovers.insert(leftovers.end(), more->begin(), more->end());
    }
    for (const auto& what : leftovers) log.warning("state directory", {{"what", what}});
    std::unique_ptr<Worker> worker(
        new Worker(std::move(broker), std::move(config), pass, forced, log, std::move(loop),
                   std::move(proc), std::move(root), std::move(disk), std::move(credentials),
                   std::move(spool), std::move(inventory), std::move(refusals)));
    worker->services_.walls_digest = walls;
    worker->session_ =
        TRY(Session::create(worker->services_, worker->config_.backends.front(),
                            [raw = worker.get()](bool sent) { raw->stop(sent ? 0 : 1); }));
    worker->services_.system.hardware = std::move(machine.hardware);
    worker->services_.bpf_support = std::move(machine.bpf_support);
    if (setup.status && worker->config_.status_socket && pass == Pass::serve) {
        worker->status_ =
            std::make_unique<StatusServer>(worker->loop_, std::move(setup.status->fd),
                                           [raw = worker.get()] { return raw->compose_status(); });
        TRY(worker->status_->start());
    }
    TRY(worker->introduce(std::move(hello), abi));
    return worker;
}

Worker::Worker(BrokerClient broker, Config config, Pass pass, bool forced, sys::Log& log,
               sys::Loop loop, ProcFiles proc, sys::Dir root, sys::Fd disk,
               CredentialStore credentials, Spool spool, InventoryStore inventory,
               RefusalStore refusals)
    : config_(std::move(config)),
      log_(log),
      loop_(std::move(loop)),
      broker_(std::move(broker)),
      proc_(std::move(proc)),
      root_(std::move(root)),
      disk_(std::move(disk)),
      credentials_(std::move(credentials)),
      spool_(std::move(spool)),
      inventory_(std::move(inventory)),
      refusals_(std::move(refusals)),
      services_{.loop = loop_,
                .broker = broker_,
                .config = config_,
                .log = log_,
                .credentials = credentials_,
                .spool = spool_,
                .inventory = inventory_,
                .refusals = refusals_,
                .proc = proc_,
                .disk = disk_,
                .random = system_random(),
                .pass = pass,
                .forced = forced,
                .host_id = {},
                .policy_digest = {},
                .walls_digest = {},
                .ceiling_digest = {},
                .confinement = {},
                .system = {},
                .bpf_support = {},
                .refresh_system = [this] { refresh_system(); },
                .job_done = [this] { stop_if_drained(); },
                .fatal =
                    [this](const Error& error) {
                        log_.error(error.what);
                        stop(1);
                    }} {}

Result<> Worker::introduce(protocol::HelloReply hello, int landlock_abi) {
    services_.host_id = hello.host_id.str();
    services_.policy_digest = crypto::hex(hello.policy_digest);
    services_.ceiling_digest = crypto::hex(hello.ceiling_digest);
    services_.restart_needed = hello.restart_needed;
    services_.confinement.landlock_abi = landlock_abi;
    for (const auto& feature : hello.missing.items) {
        services_.confinement.missing.push_back(feature.str());
    }
    auto system = TRY(within("system", read_system_info(root_, proc_)));
    system.hardware = std::move(services_.system.hardware);
    BrokerHostFiles host(broker_);
    TRY(add_numbers(system.hardware, host));
    services_.system = std::move(system);
    TRY(loop_.watch(broker_.fd(), EPOLLIN, [this](std::uint32_t) { on_events(); }));
    broker_.when_kept([this] { loop_.after({}, [this] { on_events(); }); });
    return take_over(std::move(hello.jobs.items));
}

// After boot a host may be called localhost and live in 1970 for a while.
void Worker::refresh_system() {
    auto now = read_settable_facts();
    if (!was_set(settable_, now)) return;
    auto system = read_system_info(root_, proc_);
    if (!system) return log_.warning("system", {{"why", system.error().what}});
    auto& known = services_.system;
    if (known.hostname != system->hostname) {
        log_.warning("the host has another name",
                     {{"was", known.hostname},
                      {"is", system->hostname},
                      {"advice", "a backend that knows it by its name takes it for another host"}});
    }
    settable_ = std::move(now);
    system->hardware = std::move(known.hardware);  // of the machine, which stays
    known = *std::move(system);
}

Result<> Worker::take_over(std::vector<protocol::UnreportedJob> jobs) {
    std::vector<JobNumber> owed;
    for (auto& job : jobs) {
        const auto number = job.number;
        const auto delivery = job.delivery_id.value.str();
        if (session_->adopt(std::move(job))) {
            owed.push_back(number);
            continue;
        }
        log_.warning("job of a dialect that is gone", {{"delivery", delivery}});
        TRY(broker_.call(protocol::AckJob{.number = number}));
    }
    // The broker has forgotten the others: their backends have all of it.
    return spool_.keep_only(owed);
}

Result<int> Worker::run() {
    // From within the loop: a session with nothing to do ends the pass at once.
    loop_.after({}, [this] { session_->start(); });
    TRY(loop_.run());
    return code_;
}

void Worker::on_events() {
    for (;;) {
        auto packet = broker_.next_event();
        if (!packet) return services_.fatal(packet.error());
        if (!*packet) return;
        if (const auto done = on_event(**packet); !done) return services_.fatal(done.error());
    }
}

Result<> Worker::on_event(link::Packet& packet) {
    const auto header = TRY(protocol::decode_header(packet.bytes));
    switch (header.id) {
        case protocol::JobExited::spec.id: {
            const auto exited =
                TRY(protocol::decode<protocol::JobExited>(packet.bytes, packet.descriptors));
            session_->job_exited(exited);
            return {};
        }
        case protocol::PolicyReloaded::spec.id: {
            auto event =
                TRY(protocol::decode<protocol::PolicyReloaded>(packet.bytes, packet.descriptors));
            services_.policy_digest = crypto::hex(event.policy_digest);
            services_.ceiling_digest = crypto::hex(event.ceiling_digest);
            services_.restart_needed = event.restart_needed;
            session_->files_may_have_changed();
            if (event.log) log_.move_to(std::move(event.log->fd));
            return {};
        }
        case protocol::Shutdown::spec.id: {
            draining_ = true;
            session_->drain();
            stop_if_drained();
            return {};
        }
        default:
            return fail("unknown event " + std::to_string(header.id));
    }
}

// Everything is reported, or the broker ends us when its patience does.
void Worker::stop_if_drained() {
    if (draining_ && session_->idle()) stop(0);
}

void Worker::stop(int code) {
    code_ = code;
    loop_.stop();
}

std::string Worker::compose_status() const {
    JsonWriter json;
    json.begin_object();
    json.put("version", std::string_view(BULKHEAD_VERSION));
    json.put("host_id", services_.host_id);
    json.put("policy_digest", services_.policy_digest);
    json.put("walls_digest", services_.walls_digest);
    json.put("ceiling_digest", services_.ceiling_digest);
    json.put("restart_needed", services_.restart_needed);
    json.begin_object("confinement").put("landlock_abi", services_.confinement.landlock_abi);
    json.begin_array("missing");
    for (const auto& feature : services_.confinement.missing) json.add(feature);
    json.end().end();
    json.begin_array("backends");
    session_->describe(json);
    json.end().end();
    return std::move(json).take();
}

}  // namespace bulkhead::worker
