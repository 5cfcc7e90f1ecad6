#include "worker/prepare.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "common/crypto/sha256.hpp"
#include "common/sandbox/landlock.hpp"
#include "worker/backend/http/http_client.hpp"
#include "worker/broker/host_files.hpp"
#include "worker/confine.hpp"
#include "worker/host/inventory/own_sockets.hpp"
#include "worker/host/readings/hardware.hpp"
#include "worker/state/leftovers.hpp"

namespace bulkhead::worker {

namespace {

// Of the kernel and the machine, which stay as they are: read once, while /sys can be opened.
struct Machine {
    Hardware hardware;
    BpfSupport bpf_support;
    std::vector<std::uint32_t> worker_uids;
};

Result<Machine> read_machine() {
    const auto root = TRY(sys::Dir::open("/"));
    const auto passwd = root.read_file("etc/passwd", 4_MiB).value_or("");
    return Machine{read_hardware(root), read_bpf_support(root), worker_uids(passwd, ::getuid())};
}

Result<std::vector<std::string>> remove_foreign_names(const sys::Dir& state) {
    constexpr std::array<std::string_view, 7> kOurs{
        "artifacts", "credentials", "enrolments", "inventory", "refusals", "samples", "spool"};
    Removed removed;
    const auto ours = [&](std::string_view name) { return std::ranges::count(kOurs, name) > 0; };
    TRY(within("state directory", keep_names(state, ours, removed)));
    return removed.sentences();
}

SpoolLimits spool_limits(const SpoolConfig& settings) {
    return {.job_bytes = std::min(SpoolLimits{}.job_bytes, settings.max_bytes),
            .total_bytes = settings.max_bytes};
}

void log_leftovers(const WorkerResources& own, std::vector<std::string> removed,
                   const sys::Log& log) {
    for (const auto& problem : own.spool.problems())
        log.warning("spool-failed", {{"why", problem.what}});
    for (const auto* more :
         {&own.credentials.removed(), &own.inventory.removed(), &own.refusals.removed(),
          &own.samples.removed(), &own.artifacts.removed()}) {
        removed.insert(removed.end(), more->begin(), more->end());
    }
    for (const auto& what : removed) log.warning("state-directory-odd", {{"why", what}});
}

HostFacts facts_of(const protocol::HelloReply& hello, const protocol::Digest& walls_digest,
                   int landlock_abi, BpfSupport bpf_support) {
    HostFacts facts{.host_id = hello.host_id.str(),
                    .policy_digest = crypto::hex(hello.policy_digest),
                    .walls_digest = crypto::hex(walls_digest),
                    .ceiling_digest = crypto::hex(hello.ceiling_digest),
                    .restart_needed = hello.restart_needed,
                    .confinement = {},
                    .system = {},
                    .bpf_support = std::move(bpf_support),
                    .worker_uids = {}};
    facts.confinement.landlock_abi = landlock_abi;
    for (const auto& feature : hello.missing.items) {
        facts.confinement.missing.push_back(feature.str());
    }
    return facts;
}

// The broker reads the numbers of `hardware` that only root may read.
Result<SystemInfo> read_system(const sys::Dir& root, const ProcFiles& proc, Hardware hardware,
                               BrokerClient& broker) {
    auto system = TRY(within("system", read_system_info(root, proc)));
    system.hardware = std::move(hardware);
    BrokerHostFiles host(broker);
    TRY(add_numbers(system.hardware, host));
    return system;
}

}  // namespace

Result<std::unique_ptr<WorkerResources>> prepare(BrokerClient broker, Config config,
                                                 protocol::Setup setup, const sys::Log& log) {
    std::signal(SIGXFSZ, SIG_IGN);  // write(2) then fails with EFBIG, which the spool handles
    // 1. Open what the sandbox will forbid later.
    TRY(HttpClient::prepare());
    // fstatfs(2) needs any file of the root file system; /etc is always on it. Not a directory: an
    // open directory would let a captured worker leave its mount view.
    sys::Fd disk(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    const auto host_proc = TRY(sys::Dir::open("/proc"));
    const auto cgroups = sys::Dir::open("/sys/fs/cgroup");
    auto proc = cgroups ? ProcFiles(host_proc, *cgroups) : ProcFiles(host_proc);
    auto machine = TRY(read_machine());
    const int abi = setup.landlock ? sandbox::landlock_abi() : 0;
    // 2. Confine this process.
    if (setup.egress) TRY(within("confine", verify_egress(setup.ports.items)));
    TRY(within("confine", confine(setup.seccomp, setup.landlock)));
    // 3. Build everything else, confined.
    auto loop = TRY(sys::Loop::create());
    const auto state = sys::Dir::from(std::move(setup.state.fd));
    auto removed = TRY(remove_foreign_names(state));
    auto credentials = TRY(CredentialStore::open(state));
    auto spool = TRY(Spool::open(state, spool_limits(config.spool)));
    // On Hello the broker moves this process into its mount view. Descriptors opened before stay
    // valid, so none of them may be a directory.
    auto hello = TRY(broker.call(protocol::Hello{.landlock_abi = static_cast<std::uint32_t>(abi)}));
    auto root = sys::Dir::from(sys::Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    auto inventory = TRY(InventoryStore::open(state));
    auto refusals = TRY(RefusalStore::open(state));
    auto samples = TRY(SampleStore::open(state));
    auto artifacts = TRY(ArtifactStore::open(state));
    const bool wants_status = setup.status && config.status_socket;
    auto own = std::make_unique<WorkerResources>(WorkerResources{
        .config = std::move(config),
        .broker = std::move(broker),
        .loop = std::move(loop),
        .proc = std::move(proc),
        .disk = std::move(disk),
        .root = std::move(root),
        .credentials = std::move(credentials),
        .spool = std::move(spool),
        .inventory = std::move(inventory),
        .refusals = std::move(refusals),
        .samples = std::move(samples),
        .artifacts = std::move(artifacts),
        .settable = read_settable_facts(),
        .facts = facts_of(hello, setup.walls_digest, abi, std::move(machine.bpf_support)),
        .jobs = std::move(hello.jobs.items),
        .jobs_known = hello.jobs_known,
        .fetch_jobs = hello.fetch,
        .status_socket = wants_status ? std::optional(std::move(setup.status->fd)) : std::nullopt});
    log_leftovers(*own, std::move(removed), log);
    own->facts.worker_uids = std::move(machine.worker_uids);
    own->facts.system =
        TRY(read_system(own->root, own->proc, std::move(machine.hardware), own->broker));
    return own;
}

}  // namespace bulkhead::worker
