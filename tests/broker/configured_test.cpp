// What root makes of the config reader's list.
#include "broker/handlers/configured.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "broker/handlers/dispatch.hpp"
#include "common/sys/clock.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using protocol::BackendEntry;
using testing::HasSubstr;

struct ConfiguredTest : CgroupFixture {
    test::TempDir place;
    sys::Dir dir = place.open();
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    records::Ledger ledger = records::Ledger::open(dir, sys::now()).value();
    records::Audit audit = records::Audit::open(dir).value();
    records::Evidence evidence = records::Evidence::open(dir).value();
    std::optional<Jobs> jobs;
    std::optional<Context> context;
    std::optional<ConfinedProcess> process;
    std::vector<BackendEntry> backends;
    std::string refused;
    Gate gate;

    void SetUp() override {
        CgroupFixture::SetUp();
        if (!tree) return;
        jobs.emplace(loop, *tree, ledger, audit, log, [](JobNumber, const protocol::JobEnd&) {});
        process.emplace(ConfinedProcess::spawn(test::sleeping_plan()).value());
        test::wait_for_exec(process->pid());
        context.emplace(Context{.policy = std::make_shared<ReadyPolicy>(),
                                .ledger = ledger,
                                .audit = audit,
                                .evidence = evidence,
                                .jobs = *jobs,
                                .log = log,
                                .intake = Intake(place.path()),
                                .missing = {}});
    }
    static BackendEntry entry(std::string_view name) {
        BackendEntry one;
        one.name = protocol::BackendName::clipped(name);
        one.dialect = protocol::Name::clipped("bulkhead");
        one.settings.fd = sys::sealed_memfd("settings", as_bytes("{}")).value();
        return one;
    }
    static protocol::Configured list(std::initializer_list<std::string_view> names) {
        protocol::Configured request;
        for (const auto name : names) request.backends.items.push_back(entry(name));
        return request;
    }
    // The violation, or "".
    std::string judged(const protocol::Configured& request) {
        const auto frame = protocol::encode(protocol::Configured::spec.id, 1, request).value();
        link::Packet packet{frame.bytes, {}};
        for (const int fd : frame.descriptors) {
            packet.descriptors.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
        }
        Reader reader{*process, backends, refused};
        const auto done = dispatch<protocol::ReaderRequests>(packet, gate, reader, *context);
        return done ? "" : done.error().what;
    }
};

// judge() itself is not to be had without a confined process; the stand-in shows that it is asked.
TEST_F(ConfiguredTest, AReaderThatIsNotConfinedIsNotHeard) {
    EXPECT_EQ(judged(list({"main"})),
              "Configured: config reader is not confined: no seccomp filter");
    EXPECT_TRUE(backends.empty());
}

TEST_F(ConfiguredTest, MoreThanSixteenBackendsAreAViolation) {
    protocol::Configured request;
    for (int i = 0; i < 16; ++i) {
        request.backends.items.push_back(entry("backend-" + std::to_string(i)));
    }
    auto frame = protocol::encode(protocol::Configured::spec.id, 1, request).value();
    frame.bytes[protocol::kHeaderBytes] = std::byte{17};
    link::Packet packet{frame.bytes, {}};
    Reader reader{*process, backends, refused};
    const auto done = dispatch<protocol::ReaderRequests>(packet, gate, reader, *context);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("list too long"));
}

TEST_F(ConfiguredTest, WhatAWorkerMayAskTheReaderMayNot) {
    gate.serving();
    for (const std::uint16_t id : {1, 2, 3, 4, 5, 6, 7, 8, 9}) {
        link::Packet packet{protocol::encode(id, 1, protocol::HostState{}).value().bytes, {}};
        Reader reader{*process, backends, refused};
        const auto done = dispatch<protocol::ReaderRequests>(packet, gate, reader, *context);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().what, "unknown request " + std::to_string(id));
    }
}

TEST_F(ConfiguredTest, ItIsTakenOnce) {
    gate.serving();
    EXPECT_EQ(judged(list({"main"})), "Configured: wrong phase");
}

struct Listed : testing::Test {
    static std::string reason(const protocol::Configured& request) {
        const auto refusal = judge_backends(request.backends.items);
        return refusal ? refusal->reason + (": " + refusal->detail) : "";
    }
};

TEST_F(Listed, NamesAreADirectorysAndEachItsOwn) {
    EXPECT_EQ(reason(ConfiguredTest::list({"main", "other-2"})), "");
    EXPECT_EQ(reason(ConfiguredTest::list({})), "no-backend: agent.yaml names no backend");
    EXPECT_EQ(reason(ConfiguredTest::list({"main", "main"})), "backend-name-twice: main");
    for (const auto* name : {"", "..", "a/b", "Main", "-a", "a.b", "a\nb"}) {
        EXPECT_THAT(reason(ConfiguredTest::list({"main", name})),
                    testing::StartsWith("backend-name: "))
            << name;
    }
}

TEST_F(Listed, SettingsAreSealedAndNotLong) {
    auto request = ConfiguredTest::list({"main"});
    auto& fd = request.backends.items[0].settings.fd;
    fd = sys::Fd(::open("/etc/shadow", O_RDONLY | O_CLOEXEC));
    EXPECT_THAT(reason(request), testing::StartsWith("settings-not-sealed: main: "));
    fd = sys::sealed_memfd("settings", Bytes(protocol::kMaxSettings)).value();
    EXPECT_EQ(reason(request), "");
    fd = sys::sealed_memfd("settings", Bytes(protocol::kMaxSettings + 1)).value();
    EXPECT_THAT(reason(request), testing::StartsWith("settings-not-sealed: main: "));
}

TEST_F(Listed, EachFileIsNamedByASettingOfItsOwn) {
    auto request = ConfiguredTest::list({"main"});
    auto& files = request.backends.items[0].files.items;
    files.push_back({.key = protocol::Code::clipped("ca_file"), .path = {}});
    EXPECT_EQ(reason(request), "") << "the path is for policy to judge, when it is opened";
    files.push_back(files[0]);
    EXPECT_EQ(reason(request), "backend-file: main: ca_file");
    files.pop_back();
    files[0].key = {};
    EXPECT_EQ(reason(request), "backend-file: main: ");
}

}  // namespace
}  // namespace bulkhead::broker
