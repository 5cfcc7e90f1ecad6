// What a loader loads and where it attaches it, and what it refuses.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/loader/site.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

using approval::ProgramType;
using testing::HasSubstr;

using Load = LoaderTest;

// connect(2) of a datagram socket, which the programs of a cgroup see and which sends nothing.
long connect_datagram(std::uint16_t port, int family) {
    const sys::Fd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in four{.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr = {htonl(INADDR_LOOPBACK)},
                           .sin_zero = {}};
    const sockaddr_in6 six{.sin6_family = AF_INET6,
                           .sin6_port = htons(port),
                           .sin6_flowinfo = 0,
                           .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                           .sin6_scope_id = 0};
    if (family == AF_INET)
        return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

TEST_F(Load, XdpCountsPacketsUntilItsLinkIsClosed) {
    const auto before = attached_now();
    {
        auto answer = Loader().load(example("count_packets"), {{"count", ProgramType::xdp, ""}});
        ASSERT_TRUE(answer.loaded) << answer.words();
        EXPECT_EQ(answer.status, 0);
        ASSERT_EQ(answer.loaded->programs.items.size(), 1U);
        EXPECT_TRUE(answer.loaded->programs.items[0].link);
        EXPECT_FALSE(answer.loaded->programs.items[0].filter);
        EXPECT_NE(attached_now(), before);
        send_packet();
        EXPECT_GE(count_in(*answer.loaded, "packets"), 1U);  // and an answer of ICMP
        EXPECT_EQ(count_in(*answer.loaded, "dropped"), 0U);
    }
    EXPECT_EQ(attached_now(), before);
}

TEST_F(Load, AConstantOfRodataIsSetBeforeTheKernelVerifies) {
    auto answer = Loader().load(example("count_packets"), {{"count", ProgramType::xdp, ""}},
                                {{"limit", "01000000"}});
    ASSERT_TRUE(answer.loaded) << answer.words();
    send_packet();
    EXPECT_GE(count_in(*answer.loaded, "dropped"), 1U);
}

TEST_F(Load, TcHasALinkOrAFilterForEachDirection) {
    const auto before = attached_now();
    {
        auto answer = Loader().load(object("tc"), {{"count_out", ProgramType::tc_egress, ""},
                                                   {"count_in", ProgramType::tc_ingress, ""}});
        ASSERT_TRUE(answer.loaded) << answer.words();
        send_packet();
        EXPECT_GE(count_in(*answer.loaded, "hits"), 2U);
        for (const auto& program : answer.loaded->programs.items) {
            EXPECT_NE(program.link.has_value(), program.filter.has_value());
            if (program.filter) Loader().remove({*program.filter});
        }
    }
    EXPECT_EQ(attached_now(), before);
}

TEST_F(Load, CgroupProgramsHoldWhoIsInTheCgroupAlone) {
    if (!cgroup2_is_mounted()) GTEST_SKIP() << "cgroup2 is not mounted";
    const ScratchCgroup cgroup;
    const auto connect_in = [&](std::uint16_t port, int family) {
        return cgroup.in_it([&]() -> long { return connect_datagram(port, family); });
    };
    {
        auto four = Loader().load(example("guard_connect4"),
                                  {{"guard", ProgramType::cgroup_connect4, "", cgroup.fd()}},
                                  {{"port", "2823"}});  // 9000, as a little-endian host has it
        ASSERT_TRUE(four.loaded) << four.words();
        auto six = Loader().load(object("cgroup"),
                                 {{"guard6", ProgramType::cgroup_connect6, "", cgroup.fd()},
                                  {"count_in", ProgramType::cgroup_ingress, "", cgroup.fd()},
                                  {"count_out", ProgramType::cgroup_egress, "", cgroup.fd()}});
        ASSERT_TRUE(six.loaded) << six.words();
        EXPECT_EQ(connect_in(9000, AF_INET), EPERM);
        EXPECT_EQ(connect_in(9001, AF_INET), 0);
        EXPECT_EQ(connect_in(9001, AF_INET6), EPERM);
        EXPECT_EQ(connect_datagram(9000, AF_INET), 0);  // this process is not in the cgroup
        EXPECT_EQ(count_in(*four.loaded, "refused"), 1U);
        cgroup.in_it([] {
            send_packet();
            return 0L;
        });
        EXPECT_GE(count_in(*six.loaded, "hits"), 1U);
    }
    EXPECT_EQ(connect_in(9000, AF_INET), 0);
    EXPECT_EQ(connect_in(9001, AF_INET6), 0);
}

// Which kernels have them is docs/kernels.md; one that has not says so.
TEST_F(Load, TracingAndLsmAttachOrNameWhatIsMissing) {
    const struct {
        const char* object;
        Plan plan;
    } all[] = {{"lsm", {"see_open", ProgramType::lsm, "file_open"}},
               {"fentry", {"see_entry", ProgramType::fentry, "do_unlinkat"}},
               {"fexit", {"see_exit", ProgramType::fexit, "do_unlinkat"}},
               {"kprobe", {"see_unlink", ProgramType::kprobe, "do_unlinkat"}}};
    for (const auto& one : all) {
        auto answer = Loader().load(object(one.object), {one.plan});
        if (answer.loaded) {
            EXPECT_TRUE(answer.loaded->programs.items.at(0).link);
            continue;
        }
        ASSERT_TRUE(answer.failed) << one.object << ": " << answer.words();
        EXPECT_NE(answer.failed->error, 0U) << answer.words();
        EXPECT_GE(answer.failed->what.str().size(), 20U) << answer.words();
        std::printf("%s: %s\n", one.object, answer.words().c_str());
    }
}

TEST_F(Load, ProgramsAreRelocatedByTheTypesOfThisKernel) {
    auto answer = Loader().load(object("core"), {{"run", ProgramType::xdp, ""}});
    ASSERT_TRUE(answer.loaded) << answer.words();
    send_packet();  // aborted, and lost, if a relocation were wrong
}

TEST_F(Load, AMapThatIsNotThereIsNotSent) {
    auto answer =
        Loader().load(example("burn"), {{"burn", ProgramType::xdp, ""}}, {{"rounds", "01000000"}});
    ASSERT_TRUE(answer.loaded) << answer.words();
    std::vector<std::string> names;
    for (const auto& map : answer.loaded->maps.items) names.push_back(map.name.str());
    EXPECT_THAT(names, testing::UnorderedElementsAre("bulkhead.rodata", "bulkhead.bss"));
}

struct Refusal {
    const char* object;
    std::vector<Plan> plans;
    Values values;
    const char* step;
    const char* words;
};

TEST_F(Load, WhatThePlanDoesNotSayIsRefusedAndNothingStays) {
    const Plan count{"count", ProgramType::xdp, ""};
    const Plan run{"run", ProgramType::xdp, ""};
    const Refusal all[] = {
        {"count_packets", {}, {}, "open", "the plan names no program"},
        {"count_packets", {{"other", ProgramType::xdp, ""}}, {}, "open", "\"count\": not in"},
        {"count_packets", {count, run}, {}, "open", "program \"run\": the object has none"},
        {"count_packets", {count, count}, {}, "open", "names it twice"},
        {"count_packets",
         {{"count", ProgramType::tc_ingress, ""}},
         {},
         "open",
         "section \"xdp\" is not one of type tc-ingress"},
        {"count_packets",
         {{"count", ProgramType::none, ""}},
         {},
         "open",
         "is not one of type none"},
        {"lsm",
         {{"see_open", ProgramType::lsm, "inode_unlink"}},
         {},
         "open",
         "for \"inode_unlink\""},
        {"lsm", {{"see_open", ProgramType::fentry, "file_open"}}, {}, "open", "of type fentry"},
        {"pinned", {run}, {}, "open", "LIBBPF_PIN_BY_NAME"},
        {"kconfig", {run}, {}, "open", "section .kconfig"},
        {"ksyms", {run}, {}, "open", "section .ksyms"},
        {"struct_ops", {run}, {}, "open", "struct_ops"},
        {"count_packets", {count}, {{"limits", "01000000"}}, "rodata", "\"limits\": no constant"},
        {"count_packets", {count}, {{"limit", "0100"}}, "rodata", "has 4 bytes, its value 2"},
        {"count_packets", {count}, {{"limit", "0100000000000000"}}, "rodata", "its value 8"},
        {"count_packets", {count}, {{"limit", "zz000000"}}, "rodata", "\"limit\": "},
        {"unsound", {run}, {}, "load", "the verifier: "},
        {"endless", {run}, {}, "load", "BPF program is too large"},
        {"bomb", {run}, {}, "open", "more than 64 MiB in maps"},
        {"events", {run}, {}, "open", "map \"events\": a perf event array without max_entries"},
    };
    const auto before = attached_now();
    for (const auto& one : all) {
        const auto elf = example(one.object).empty() ? object(one.object) : example(one.object);
        const auto answer = Loader().load(elf, one.plans, one.values);
        ASSERT_TRUE(answer.failed) << one.object << ": " << answer.words();
        EXPECT_EQ(answer.failed->step.str(), one.step) << answer.words();
        EXPECT_THAT(answer.failed->what.str(), HasSubstr(one.words)) << one.object;
        EXPECT_EQ(WEXITSTATUS(answer.status), 1) << one.object;
    }
    EXPECT_EQ(attached_now(), before);
}

TEST_F(Load, WhatWasAttachedGoesWhenALaterOneCannotBe) {
    const auto before = attached_now();
    auto first = Loader().load(example("burn"), {{"burn", ProgramType::xdp, ""}});
    ASSERT_TRUE(first.loaded) << first.words();
    const auto between = attached_now();
    // XDP is taken, so the second program cannot be attached.
    const auto second = Loader().load(
        object("two"), {{"count_in", ProgramType::tc_ingress, ""}, {"run", ProgramType::xdp, ""}});
    ASSERT_TRUE(second.failed) << second.words();
    EXPECT_EQ(second.failed->step.str(), "attach");
    EXPECT_EQ(second.failed->error, static_cast<std::uint32_t>(EBUSY)) << second.words();
    EXPECT_EQ(attached_now(), between);
    first.loaded.reset();
    EXPECT_EQ(attached_now(), before);
}

TEST_F(Load, AnObjectThatCouldStillChangeIsRefused) {
    Loader loader;
    loader.send_load(example("count_packets"), {{"count", ProgramType::xdp, ""}}, {}, false);
    const auto answer = loader.answer();
    ASSERT_TRUE(answer.failed) << answer.words();
    EXPECT_EQ(answer.failed->step.str(), "open");
    EXPECT_THAT(answer.failed->what.str(), HasSubstr("seal"));
}

}  // namespace
}  // namespace bulkhead::test
