// ArtifactsTest: a broker's artifacts, its policy, ledger and log, in a network of the test
// program's own. Loaders are real ones, or what the test puts into their place.
#pragma once
#include <fcntl.h>
#include <gmock/gmock.h>

#include "broker/artifacts/artifacts.hpp"
#include "broker/handlers/handlers.hpp"
#include "broker/jobs/cgroup.hpp"
#include "broker/loader.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sys/clock.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/loader/site.hpp"
#include "tests/support/bpf.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::test {

using namespace broker;
using protocol::ArtifactState;

inline approval::ArtifactManifest manifest_of(const std::string& elf, const std::string& id,
                                              const std::string& program) {
    approval::ArtifactManifest manifest;
    manifest.id = id;
    manifest.author = "alice";
    manifest.elf_sha256 = crypto::sha256(as_bytes(elf));
    manifest.elf_size = elf.size();
    manifest.programs = {{program, approval::ProgramType::xdp, "lo"}};
    manifest.targets = {{.kind = approval::Target::Kind::host, .label = "test-host"}};
    manifest.not_before = sys::now() - std::chrono::hours(1);
    manifest.not_after = sys::now() + std::chrono::hours(24);
    manifest.ttl = std::chrono::hours(1);
    manifest.max_cpu_percent = 5;
    manifest.reason = "a test";
    return manifest;
}

// What a backend was told.
struct Heard {
    std::string backend;
    protocol::ArtifactStatus status;
};

struct ArtifactsTest : LoaderTest {
    TempDir place;
    sys::Dir dir = place.open();
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    records::Ledger ledger = records::Ledger::open(dir, sys::now()).value();
    records::Audit audit = records::Audit::open(dir).value();
    records::Evidence evidence = records::Evidence::open(dir).value();
    std::optional<CgroupTree> tree;
    std::optional<Jobs> jobs;
    std::optional<ConfinedProcess> worker;
    std::vector<protocol::BackendFile> files;
    std::optional<Context> context;
    std::string program = BULKHEAD_LOADER;
    std::optional<broker::Loader> loader;
    std::chrono::seconds between_loads = Artifacts::kBetweenLoads;
    std::optional<Artifacts> artifacts;
    std::vector<std::pair<ArtifactState, std::string>> told;
    std::vector<Heard> heard;
    std::map<std::string, std::string> operators{
        {"host.policy", "policy-format 2 # t\nhost-id test-host # t\n"},
        {"artifacts.policy",
         "allow xdp lo   # of the test\nallow tc-ingress lo   # the same\nmax-artifacts 2   # "
         "t\n"}};

    void SetUp() override {
        LoaderTest::SetUp();
        if (IsSkipped()) return;
        auto made = CgroupTree::create(cgroup_label());
        ASSERT_OK(made);
        tree.emplace(*std::move(made));
        jobs.emplace(loop, *tree, ledger, audit, log, [](JobNumber, const protocol::JobEnd&) {});
        worker.emplace(ConfinedProcess::spawn(sleeping_plan()).value());
    }
    static std::string cgroup_label() { return "test-" + std::to_string(::getpid()); }
    std::shared_ptr<ReadyPolicy> policy() const {
        auto vendor = policy::read(BULKHEAD_POLICY, policy::Trust::anybody).value();
        policy::Files own{.directory = "test", .texts = operators, .ignored = {}};
        own.texts["approval.policy"] = vendor.texts["approval.policy"];
        for (const auto* file : {"host.policy", "approval.policy", "shipped.digests"}) {
            vendor.texts.erase(file);
        }
        auto ready = ReadyPolicy::make(vendor, own);
        EXPECT_TRUE(ready) << (ready ? "" : ready.error().what);
        return ready ? *ready : nullptr;
    }
    void pin(const std::string& name, const approval::ArtifactManifest& manifest) {
        operators["approved/" + name + ".artifact"] = approval::write_artifact_manifest(manifest);
    }
    virtual LoaderPort port() {
        Options options;
        options.loader_user = "64124:64124";
        loader.emplace(loop, *context, *tree, options, PartGround{.own_view = true},
                       open_program(program));
        return {.unusable = [this] { return loader->unusable(); },
                .start = [this](LoaderOrder order) { return loader->start(std::move(order)); }};
    }
    void begin() {
        const auto ready = policy();
        ASSERT_TRUE(ready);
        context.emplace(Context{.policy = ready,
                                .ledger = ledger,
                                .audit = audit,
                                .evidence = evidence,
                                .jobs = *jobs,
                                .log = log,
                                .intake = Intake(place.path()),
                                .missing = {},
                                .landlock_abi = sandbox::landlock_abi(),
                                .policy_directory = place.path(),
                                .state_directory = place.path(),
                                .boot = "a-boot"});
        context->ceiling.capabilities = sandbox::kAllCapabilities;
        artifacts.emplace(
            loop, *context, dir.open_dir(".").value(), port(),
            [this](std::string_view backend, const protocol::ArtifactChanged& changed) {
                told.emplace_back(changed.status.state, changed.status.reason.str());
                heard.push_back({std::string(backend), changed.status});
            },
            between_loads);
        context->artifacts = &*artifacts;
        artifacts->begin();
    }
    protocol::OfferReply offered(const protocol::OfferArtifact& request,
                                 std::string_view by = "main") {
        const auto name = protocol::BackendName::clipped(by);
        return handle(request, Caller{name, files, *worker}, *context).value();
    }
    protocol::OfferReply offer(const std::string& elf, std::string_view by = "main",
                               std::string_view delivery = "delivery-1") {
        protocol::OfferArtifact request;
        request.delivery_id.value = decltype(request.delivery_id.value)::clipped(delivery);
        request.elf.fd = sys::sealed_memfd("elf", as_bytes(elf)).value();
        return offered(request, by);
    }
    void until(const std::function<bool()>& done) {
        const auto end = sys::Clock::now() + std::chrono::seconds(45);
        while (!done() && sys::Clock::now() < end) {
            ASSERT_OK(loop.step(std::chrono::milliseconds(100)));
        }
        EXPECT_TRUE(done());
    }
    void until_told(std::size_t times) {
        until([&] { return told.size() >= times; });
    }
    void until_idle() {
        until([&] { return artifacts->idle(); });
    }
    std::vector<protocol::ArtifactStatus> list() const { return artifacts->list("main"); }
    std::string recorded() const { return dir.read_file("audit.log", 1 << 20).value(); }
    void TearDown() override {
        if (context) context->artifacts = nullptr;
        artifacts.reset();
        loader.reset();
    }
};

}  // namespace bulkhead::test
