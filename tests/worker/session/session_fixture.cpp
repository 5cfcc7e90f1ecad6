#include "tests/worker/session/session_fixture.hpp"

#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>

#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "worker/backend/registry.hpp"

namespace bulkhead::worker::test {

namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// protocol::SocketOwner, row after row.
sys::Fd rows_of(const SocketOwners& owners) {
    ByteWriter rows;
    for (const auto& [inode, owner] : owners.by_inode) {
        rows.integer(inode);
        rows.integer(owner.pid);
        auto name = owner.name;
        name.resize(16, '\0');
        rows.put(as_bytes(name));
    }
    return *sys::sealed_memfd("socket-owners", rows.bytes());
}

}  // namespace

Inventory small_inventory() {
    Inventory all;
    all.links = {{.index = 1, .name = "lo", .flags = 8, .kind = "", .mac = "00:00:00:00:00:00"},
                 {.index = 2, .name = "eth0", .flags = 1, .kind = "", .mac = "02:fc:00:00:00:05"}};
    all.addresses = {{.ip = ip("127.0.0.1"), .prefix_length = 8, .interface = 1},
                     {.ip = ip("192.0.2.9"), .prefix_length = 24, .interface = 2}};
    all.neighbours = {
        {.ip = ip("192.0.2.1"), .mac = "02:fc:00:00:00:01", .state = NUD_STALE, .interface = 2}};
    all.routes = {{.gateway = ip("192.0.2.1"),
                   .source = {},
                   .interface = 2,
                   .table = RT_TABLE_MAIN,
                   .type = RTN_UNICAST}};
    all.sockets = {connection(443, 50'000),
                   {.state = TCP_LISTEN, .local_port = 22, .inode = 4'711}};
    return all;
}

Socket connection(std::uint16_t local_port, std::uint16_t remote_port) {
    return {.state = TCP_ESTABLISHED,
            .local = ip("192.0.2.9"),
            .local_port = local_port,
            .remote = ip("198.51.100.7"),
            .remote_port = remote_port};
}

Host::Host(const reference::ReferenceBackend& backend, const std::string& dialect)
    : inventory(small_inventory()) {
    collect = [this](const DumpLimits&) { return inventory; };
    owners.by_inode[4'711] = {.pid = 812, .name = "sshd"};
    config.name = "fleet";
    config.dialect = dialect;
    config.url = backend.url();
    config.timeout = std::chrono::seconds(20);
    config.connect_timeout = std::chrono::seconds(10);
    config.ca_pem = bulkhead::test::content_of(backend.ca_file());
    config.install_token = Secret("gaek_one");
    for (const auto& option : find_dialect(dialect)->options) {
        config.options[std::string(option.name)] = option.fallback;
    }
}

Host::~Host() = default;

void Host::answer(link::Channel& channel) const {
    for (auto packet = channel.receive(); packet && *packet; packet = channel.receive()) {
        const auto header = protocol::decode_header((*packet)->bytes);
        if (!header) return;
        const auto reply = [&](const auto& value) {
            const auto frame = protocol::encode(header->id, header->serial, value);
            return frame && channel.send(frame->bytes, frame->descriptors);
        };
        bool heard = false;
        if (header->id == protocol::HostState::spec.id) {
            heard = reply(protocol::HostStateReply{});
        } else if (header->id == protocol::OpenCredential::spec.id) {
            heard =
                reply(protocol::CredentialReply{.reason = protocol::Code::clipped("read-absent")});
        } else if (header->id == protocol::OpenHostFile::spec.id) {
            heard = reply(protocol::HostFilesReply{});
        } else {
            protocol::ReadingReply reading{.decision = protocol::Decision::admitted,
                                           .reason = protocol::Code::clipped("ok"),
                                           .complete = true};
            const auto asked = protocol::decode<protocol::ReadPrivileged>((*packet)->bytes,
                                                                          (*packet)->descriptors);
            const auto known = asked && asked->name.str() == protocol::SocketOwner::kReading;
            if (known) reading.value = protocol::Handle{rows_of(owners)};
            heard = reply(reading);
        }
        if (!heard) return;
    }
}

Host::Outcome Host::run(RunMode mode, bool report_now) {
    return live({.mode = mode, .report_now = report_now}, {});
}

bool Host::serve_until(const std::function<bool()>& done) { return live({}, done).well; }

Host::Outcome Host::live(RunOptions run, const std::function<bool()>& done) {
    EXPECT_TRUE(HttpClient::prepare());
    auto ends = link::Channel::pair();
    EXPECT_TRUE(ends);
    std::thread broker([this, &ends] { answer(ends->first); });
    Outcome outcome;
    {
        BrokerClient client(std::move(ends->second));
        const auto dir = state.open();
        const auto root = sys::Dir::open("/");
        const auto disk = root->duplicate();
        const ProcFiles proc(sys::Dir::open("/proc").value());
        auto loop = sys::Loop::create();
        auto credentials = CredentialStore::open(dir);
        auto spool = Spool::open(dir);
        auto inventories = InventoryStore::open(dir);
        auto refusals = RefusalStore::open(dir);
        auto samples = SampleStore::open(dir);
        auto artifacts = ArtifactStore::open(dir);
        const sys::Log log("test", STDERR_FILENO);
        Config whole;
        whole.backends = {config};
        whole.findings.interval = std::chrono::hours(1);
        HostFacts facts{.host_id = "host-1",
                        .policy_digest = std::string(64, 'a'),
                        .walls_digest = std::string(64, 'd'),
                        .ceiling_digest = std::string(64, 'c'),
                        .confinement = {},
                        .system = {.hostname = "web-01",
                                   .kernel_release = "6.1.0",
                                   .machine = "x86_64",
                                   .cpu_count = 2,
                                   .memory_total_bytes = 1 << 30},
                        .bpf_support = {}};
        auto parts = Session::prepare(
            {.loop = *loop,
             .broker = client,
             .config = whole,
             .log = log,
             .credentials = *credentials,
             .spool = *spool,
             .inventory = *inventories,
             .refusals = *refusals,
             .samples = *samples,
             .artifacts = *artifacts,
             .proc = proc,
             .disk = *disk,
             .facts = facts,
             .run = run,
             .random = random,
             .collect = [this](const DumpLimits& limits) { return collect(limits); },
             .now = [this] { return clock; }});
        EXPECT_OK(parts);
        std::optional<bool> finished;
        Session session(*std::move(parts),
                        {.refresh_facts = [&] { refresh(facts.system); },
                         .job_settled = [] {},
                         .fatal = [](const Error& error) { ADD_FAILURE() << error.what; },
                         .finished = [&finished](bool sent) { finished = sent; }});
        session.start();
        const auto end = sys::Clock::now() + std::chrono::seconds(120);
        const auto over = [&] { return done ? done() : finished.has_value(); };
        while (!over() && sys::Clock::now() < end) {
            if (!loop->step(std::chrono::milliseconds(50))) break;
            session.look_whether_left();  // as at each Ping
        }
        EXPECT_TRUE(over()) << "waited in vain";
        JsonWriter json;
        session.describe(json);
        outcome = {.well = done ? over() : finished.value_or(false),
                   .status = std::move(json).take()};
    }
    broker.join();
    return outcome;
}

}  // namespace bulkhead::worker::test
