// Packets as a worker would send them, judged and answered by the real handlers.
#include "broker/handlers/dispatch.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>

#include "common/sys/clock.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using testing::HasSubstr;

// While it lives, no file grows: a full disk, as far as the audit log can tell.
class FullDisk {
  public:
    FullDisk() : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int);
};

struct DispatchTest : CgroupFixture {
    test::TempDir place;
    sys::Dir dir = place.open();
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    records::Ledger ledger = records::Ledger::open(dir, sys::now()).value();
    records::Audit audit = records::Audit::open(dir).value();
    records::Evidence evidence = records::Evidence::open(dir).value();
    std::optional<Jobs> jobs;
    std::optional<ConfinedProcess> worker;
    protocol::BackendName backend = protocol::BackendName::clipped("main");
    std::vector<protocol::BackendFile> named;
    std::optional<link::Channel> end;
    std::optional<Context> context;
    Gate gate;

    void SetUp() override {
        CgroupFixture::SetUp();
        if (!tree) return;
        jobs.emplace(loop, *tree, ledger, audit, log, [](JobNumber, const protocol::JobEnd&) {});
        worker.emplace(ConfinedProcess::spawn(test::sleeping_plan()).value());
        end.emplace(test::worker_end(*worker));
        auto policy = std::make_shared<ReadyPolicy>();
        policy->policy.host.id = "test-host";
        context.emplace(Context{.policy = policy,
                                .ledger = ledger,
                                .audit = audit,
                                .evidence = evidence,
                                .jobs = *jobs,
                                .log = log,
                                .intake = Intake(place.path()),
                                .missing = {},
                                .landlock_abi = 0,
                                .policy_directory = place.path(),
                                .draining = false});
    }
    // What the broker makes of these bytes: "" or the violation.
    std::string judged(Bytes bytes, std::vector<sys::Fd> descriptors = {}) {
        link::Packet packet{std::move(bytes), std::move(descriptors)};
        const Caller caller{backend, named, *worker};
        const auto done = dispatch<protocol::Requests>(packet, gate, caller, *context);
        return done ? "" : done.error().what;
    }
    template <class Request>
    std::string judged(const Request& request, std::uint32_t serial = 1) {
        const auto frame = protocol::encode(Request::spec.id, serial, request).value();
        std::vector<sys::Fd> copies;
        for (const int fd : frame.descriptors) copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
        return judged(frame.bytes, std::move(copies));
    }
    template <class Request>
    typename Request::Reply answer(const Request& request, std::uint32_t serial = 1) {
        EXPECT_EQ(judged(request, serial), "");
        auto packet = end->receive().value().value();
        const auto header = protocol::decode_header(packet.bytes).value();
        EXPECT_EQ(header.id, Request::spec.id);
        EXPECT_EQ(header.serial, serial) << "a reply carries its request's serial";
        return protocol::decode<typename Request::Reply>(packet.bytes, packet.descriptors).value();
    }
};

TEST_F(DispatchTest, AnUnconfinedWorkerIsNotGreeted) {
    EXPECT_EQ(judged(protocol::Hello{}), "Hello: worker is not confined: no seccomp filter");
    EXPECT_EQ(gate.phase(), protocol::Phase::greeting);
}

TEST_F(DispatchTest, AnotherProtocolVersionIsNotGreeted) {
    EXPECT_THAT(judged(protocol::Hello{.version = protocol::kVersion + 1}),
                HasSubstr("install both of one release"));
}

TEST_F(DispatchTest, NothingIsAnsweredBeforeTheGreeting) {
    EXPECT_EQ(judged(protocol::HostState{}), "HostState: wrong phase");
    ASSERT_TRUE(sys::set_nonblocking(end->descriptor(), true));
    EXPECT_EQ(end->receive().error().code, EAGAIN) << "not a byte came back";
}

TEST_F(DispatchTest, TheHeadsAreThoseOfLogAndLedger) {
    gate.serving();
    ASSERT_TRUE(audit.event("test", {}));
    const auto reply = answer(protocol::HostState{}, 77);
    EXPECT_EQ(reply.audit_lines, audit.head().lines);
    EXPECT_EQ(reply.audit_head, audit.head().hash);
    EXPECT_EQ(reply.ledger_records, ledger.records());
    EXPECT_EQ(reply.ledger_head, ledger.head());
    EXPECT_TRUE(reply.troubles.items.empty());
}

// Or the log would look cut to the backend after a power failure. The head's own file is written
// when the lines are on disk.
TEST_F(DispatchTest, TheAuditHeadIsToldWhenItsLinesAreOnDisk) {
    gate.serving();
    ASSERT_TRUE(audit.event("test", {}, records::Durable::later));
    EXPECT_NE(records::read_audit_head(dir), audit.head());
    const auto reply = answer(protocol::HostState{});
    EXPECT_EQ(reply.audit_head, audit.head().hash);
    EXPECT_EQ(records::read_audit_head(dir), audit.head());
}

TEST_F(DispatchTest, LinesOfTheLogThatAreLostAreATroubleForAnHour) {
    gate.serving();
    EXPECT_TRUE(answer(protocol::HostState{}).troubles.items.empty());
    log.info("unread");
    for (int i = 0; i < 3; ++i) {
        const auto told = answer(protocol::HostState{}).troubles.items;
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(told[0].code.str(), "log-lines-lost");
        EXPECT_THAT(told[0].why.str(), HasSubstr("since the start: 1; see")) << "it counts itself";
    }
    context->lost_at -= std::chrono::hours(2);
    EXPECT_TRUE(answer(protocol::HostState{}).troubles.items.empty());
}

TEST_F(DispatchTest, JobsThatAreNotThereCannotBeCancelledOrAcknowledged) {
    gate.serving();
    const auto cancelled = answer(protocol::CancelJob{.number = JobNumber{9}});
    EXPECT_EQ(cancelled.status, protocol::Status::refused);
    EXPECT_EQ(cancelled.reason.str(), "not-running");
    const auto acknowledged = answer(protocol::AckJob{.number = JobNumber{9}});
    EXPECT_EQ(acknowledged.status, protocol::Status::refused);
    EXPECT_EQ(acknowledged.reason.str(), "not-ended");
    EXPECT_EQ(audit.head().lines, 0U);
}

TEST_F(DispatchTest, AScriptThatNobodyApprovedIsRefusedWithAReasonAndAudited) {
    gate.serving();
    protocol::StartJob request;
    request.delivery_id.value = protocol::Label::clipped("delivery-\n1");
    request.script.fd = sys::sealed_memfd("script", as_bytes("#!/bin/sh\nid\n")).value();
    const auto reply = answer(request);
    EXPECT_EQ(reply.decision, protocol::Decision::refused);
    EXPECT_NE(reply.reason.str(), "");
    EXPECT_FALSE(reply.out);
    EXPECT_EQ(jobs->unreported(), 0U);
    const auto text = dir.read_file("audit.log", 1 << 20).value();
    EXPECT_THAT(text, HasSubstr("\"decision\":\"refuse\""));
    EXPECT_THAT(text, HasSubstr("\"reason\":\"" + reply.reason.str() + "\""));
}

TEST_F(DispatchTest, ASuspensionWhoseEndCannotBeRecordedGoesOn) {
    ASSERT_TRUE(dir.write_atomic("intake-suspended.main", "", 0600));
    EXPECT_TRUE(context->intake.suspended("main", audit));
    ASSERT_TRUE(dir.remove_file("intake-suspended.main"));
    {
        const FullDisk full;
        EXPECT_TRUE(context->intake.suspended("main", audit));
    }
    EXPECT_FALSE(context->intake.suspended("main", audit));
    EXPECT_THAT(dir.read_file("audit.log", 1 << 20).value(),
                HasSubstr("\"event\":\"intake-resumed\",\"backend\":\"main\""));
}

// --- whose jobs

// One that has ended and waits to be reported to `backend`.
struct Ownership : DispatchTest {
    JobNumber theirs{7};
    void SetUp() override {
        DispatchTest::SetUp();
        if (!tree) return;
        gate.serving();
        records::Unreported left{.number = theirs, .start = {}, .end = {}};
        left.start.backend = protocol::BackendName::clipped("other");
        jobs->adopt(left);
    }
};

TEST_F(Ownership, AnothersJobIsAnsweredAsOneThatIsNotThere) {
    const auto cancelled = answer(protocol::CancelJob{.number = theirs});
    EXPECT_EQ(cancelled.reason.str(), "not-running");
    const auto acknowledged = answer(protocol::AckJob{.number = theirs});
    EXPECT_EQ(acknowledged.status, protocol::Status::refused);
    EXPECT_EQ(acknowledged.reason.str(), "not-ended");
    EXPECT_EQ(jobs->unreported(), 1U);
    EXPECT_EQ(audit.head().lines, 0U);
}

TEST_F(Ownership, ItsPipesAndItsEndAreForItsOwnBackend) {
    EXPECT_TRUE(jobs->list("main").value().empty());
    EXPECT_TRUE(jobs->list("").value().empty());
    EXPECT_EQ(jobs->list("other").value().size(), 1U);
    EXPECT_TRUE(jobs->is_of(theirs, "other"));
    EXPECT_FALSE(jobs->is_of(theirs, "main"));
    EXPECT_FALSE(jobs->is_of(JobNumber{8}, "")) << "there is no such job";
}

TEST_F(Ownership, ThoseOfBackendsThatAreGoneAreFound) {
    const std::vector<std::string> configured{"main"};
    EXPECT_THAT(jobs->of_others(configured), testing::ElementsAre(theirs));
    const std::vector<std::string> both{"main", "other"};
    EXPECT_THAT(jobs->of_others(both), testing::IsEmpty());
}

TEST_F(Ownership, EachBackendLeavesTheOthersRoom) {
    for (std::uint64_t number = 100; jobs->has_room("main", 3); ++number) {
        records::Unreported left{.number = JobNumber{number}, .start = {}, .end = {}};
        left.start.backend = protocol::BackendName::clipped("main");
        jobs->adopt(left);
    }
    EXPECT_EQ(jobs->unreported(), 1 + protocol::kMaxUnreported - 4);
    EXPECT_TRUE(jobs->has_room("other", 3));
}

// --- files of backends

TEST_F(DispatchTest, AFileIsOpenedAgainByTheNameOfItsSettingAlone) {
    gate.serving();
    auto policy = std::make_shared<ReadyPolicy>();
    policy->policy.credentials.push_back(
        {.pattern = "/etc/os-release", .backend = "", .source = {}});
    context->policy = policy;
    const auto ask = [&](std::string_view key) {
        return answer(protocol::OpenCredential{.key = protocol::Code::clipped(key)});
    };
    EXPECT_EQ(ask("credential_file").reason.str(), "credential-unknown");
    EXPECT_EQ(ask("/etc/shadow").reason.str(), "credential-unknown");
    named.push_back({.key = protocol::Code::clipped("ca_file"),
                     .path = protocol::CredentialPath::clipped("/etc/shadow")});
    const auto refused = ask("ca_file");
    EXPECT_EQ(refused.reason.str(), "not-in-policy");
    EXPECT_FALSE(refused.file);
    EXPECT_THAT(dir.read_file("audit.log", 1 << 20).value(),
                HasSubstr("\"path\":\"/etc/shadow\",\"reason\":\"not-in-policy\""));
}

TEST_F(DispatchTest, WhatCannotBeRecordedIsNotHandedOut) {
    gate.serving();
    auto policy = std::make_shared<ReadyPolicy>();
    policy->policy.reads["passwords"].push_back(
        {.target = "/etc/passwd", .max_bytes = 1 << 20, .source = {}});
    policy->policy.builtins.emplace(policy::kSocketOwners,
                                    policy::BuiltinRow{.max_bytes = 1 << 20, .source = {}});
    context->policy = policy;
    const protocol::OpenHostFile file{.name = protocol::Name::clipped("passwords")};
    const protocol::ReadPrivileged reading{.name = protocol::Name::clipped(policy::kSocketOwners)};
    {
        const FullDisk full;
        const auto files = answer(file);
        EXPECT_EQ(files.decision, protocol::Decision::refused);
        EXPECT_EQ(files.reason.str(), "audit-write-failed");
        EXPECT_TRUE(files.files.items.empty());
        const auto value = answer(reading);
        EXPECT_EQ(value.decision, protocol::Decision::refused);
        EXPECT_FALSE(value.value);
    }
    EXPECT_EQ(answer(file).files.items.size(), 1U);
    EXPECT_TRUE(answer(reading).value);
}

// Each costs a line of the audit log, whose oldest part goes when there are too many.
TEST_F(DispatchTest, AFloodOfRefusedStartsIsCountedAndDoesNotFillTheLog) {
    gate.serving();
    constexpr auto kMost = records::AuditQuota::kMost;
    protocol::StartCatalogueJob request;
    for (std::size_t i = 0; i < 2 * kMost; ++i) {
        ASSERT_EQ(answer(request).decision, protocol::Decision::refused);
    }
    EXPECT_EQ(audit.head().lines, kMost);
    EXPECT_EQ(context->refused_starts.left_out(), kMost);
}

TEST_F(DispatchTest, ARefusedStartIsPaidForInTime) {
    gate.serving();
    const auto now = Gate::Time::clock::now();
    EXPECT_FALSE(gate.must_wait(now));
    const int most = Gate::kBurst * Gate::kRefill / Gate::kForRefusal;
    for (int i = 0; i <= most; ++i) answer(protocol::HostState{});
    EXPECT_FALSE(gate.must_wait(now));
    for (int i = 0; i <= most; ++i) answer(protocol::StartCatalogueJob{});
    EXPECT_TRUE(gate.must_wait(now));
}

TEST_F(DispatchTest, AScriptThatIsNotSealedIsRefusedBeforeItIsRead) {
    gate.serving();
    for (const char* path : {"/etc/passwd", "/dev/zero", "/"}) {
        protocol::StartJob request;
        request.script.fd = sys::Fd(::open(path, O_RDONLY | O_CLOEXEC));
        EXPECT_EQ(answer(request).reason.str(), "not-sealed") << path;
    }
    protocol::StartJob request;
    request.script.fd = sys::sealed_memfd("script", Bytes(4'194'305)).value();
    EXPECT_EQ(answer(request).reason.str(), "size-exceeded");
}

TEST_F(DispatchTest, ACatalogueNameThatPolicyLacksIsRefused) {
    gate.serving();
    protocol::StartCatalogueJob request;
    request.name = protocol::Name::clipped("../etc/passwd");
    EXPECT_EQ(answer(request).decision, protocol::Decision::refused);
}

TEST_F(DispatchTest, AFileIsHandedOutByTheNameOfItsRowAndThatIsAudited) {
    gate.serving();
    auto policy = std::make_shared<ReadyPolicy>();
    policy->policy.reads["passwords"].push_back(
        {.target = "/etc/passwd", .max_bytes = 1 << 20, .source = {}});
    policy->policy.reads["passwords"].push_back(
        {.target = "/etc/absent", .max_bytes = 1 << 20, .source = {}});
    policy->policy.reads["passwords"].push_back(
        {.target = "/etc", .max_bytes = 1 << 20, .source = {}});
    context->policy = policy;
    const protocol::OpenHostFile request{.name = protocol::Name::clipped("passwords")};
    const auto reply = answer(request);
    EXPECT_EQ(reply.decision, protocol::Decision::admitted);
    ASSERT_EQ(reply.files.items.size(), 3U);
    EXPECT_EQ(reply.files.items[0].reason.str(), "read-not-regular");
    EXPECT_EQ(reply.files.items[1].reason.str(), "read-absent");
    EXPECT_FALSE(reply.files.items[1].file);
    EXPECT_EQ(reply.files.items[2].path.str(), "/etc/passwd");
    EXPECT_THAT(sys::read_to_end(reply.files.items[2].file->fd, 1 << 20).value(),
                testing::StartsWith("root:"));
    const auto lines = audit.head().lines;
    answer(request, 2);
    EXPECT_EQ(audit.head().lines, lines) << "the same again is not news";
    const auto text = dir.read_file("audit.log", 1 << 20).value();
    EXPECT_THAT(text, HasSubstr("\"event\":\"read\",\"row\":\"passwords\","
                                "\"path\":\"/etc/passwd\",\"reason\":\"ok\""));
    EXPECT_THAT(text, HasSubstr("\"event\":\"read-refused\",\"row\":\"passwords\","
                                "\"path\":\"/etc\",\"reason\":\"read-not-regular\""));
    EXPECT_THAT(text, testing::Not(HasSubstr("/etc/absent")));
}

TEST_F(DispatchTest, AFileThatPolicyDoesNotNameIsRefusedAndThatIsAudited) {
    gate.serving();
    auto policy = std::make_shared<ReadyPolicy>();
    policy->policy.reads["os"].push_back(
        {.target = "/etc/os-release", .max_bytes = 1 << 20, .source = {}});
    context->policy = policy;
    protocol::OpenHostFile request{.name = protocol::Name::clipped("shadow")};
    EXPECT_EQ(answer(request).reason.str(), "read-unknown");
    request.name = protocol::Name::clipped("os");
    request.only = protocol::HostPath::clipped("/etc/shadow");
    const auto reply = answer(request);
    EXPECT_EQ(reply.decision, protocol::Decision::refused);
    EXPECT_EQ(reply.reason.str(), "read-not-listed");
    EXPECT_TRUE(reply.files.items.empty());
    const auto text = dir.read_file("audit.log", 1 << 20).value();
    EXPECT_THAT(text, HasSubstr("\"path\":\"/etc/shadow\",\"reason\":\"read-not-listed\""));
    EXPECT_THAT(text, HasSubstr("\"row\":\"shadow\",\"path\":\"\",\"reason\":\"read-unknown\""));
}

TEST_F(DispatchTest, SocketOwnersAreToldIfPolicyWantsIt) {
    gate.serving();
    const protocol::ReadPrivileged request{
        .name = protocol::Name::clipped(protocol::SocketOwner::kReading)};
    const auto unknown = answer(request);
    EXPECT_EQ(unknown.decision, protocol::Decision::refused);
    EXPECT_EQ(unknown.reason.str(), "read-unknown");
    auto policy = std::make_shared<ReadyPolicy>();
    policy->policy.builtins.emplace(policy::kSocketOwners,
                                    policy::BuiltinRow{.max_bytes = 1 << 20, .source = {}});
    context->policy = policy;
    const auto reply = answer(request);
    EXPECT_EQ(reply.decision, protocol::Decision::admitted);
    ASSERT_TRUE(reply.value);
    EXPECT_TRUE(sys::require_sealed(reply.value->fd, 1 << 20));
    const auto lines = audit.head().lines;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(answer(request).value);
    EXPECT_EQ(audit.head().lines, lines) << "the same again is not news";
}

TEST_F(DispatchTest, WhatIsNoRequestIsAViolation) {
    gate.serving();
    EXPECT_EQ(judged(Bytes{}), "truncated");
    EXPECT_EQ(judged(Bytes(12)), "unknown request 0");
    const auto event = protocol::encode(132, 0, protocol::HostState{}).value();
    EXPECT_EQ(judged(event.bytes), "unknown request 132") << "an event's number is no request";
    auto frame = protocol::encode(4, 1, protocol::CancelJob{}).value();
    frame.bytes.pop_back();
    EXPECT_EQ(judged(frame.bytes), "length does not match the packet");
    const auto head = protocol::encode(6, 1, protocol::CancelJob{}).value();
    EXPECT_EQ(judged(head.bytes), "HostState: payload too long");
}

TEST_F(DispatchTest, SurplusAndMissingDescriptorsAreViolations) {
    gate.serving();
    const auto frame = protocol::encode(6, 1, protocol::HostState{}).value();
    std::vector<sys::Fd> surplus;
    surplus.push_back(sys::Fd(::dup(0)));
    EXPECT_EQ(judged(frame.bytes, std::move(surplus)), "HostState: too many descriptors");
    const protocol::StartJob empty;
    const auto start = protocol::encode(2, 1, empty).value();
    EXPECT_EQ(judged(start.bytes), "StartJob: script: a descriptor is missing");
}

}  // namespace
}  // namespace bulkhead::broker
