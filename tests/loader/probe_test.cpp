// What a loader says this kernel can, and the removal of filters by name.
#include <bpf/bpf.h>
#include <gmock/gmock.h>

#include <set>

#include "tests/loader/site.hpp"

namespace bulkhead::test {
namespace {

using Probe = LoaderTest;

TEST_F(Probe, NamesEachTypeOnceAndSaysOfWhatIsMissingWhy) {
    const auto before = attached_now();
    const auto answer = Loader().remove({});
    ASSERT_TRUE(answer.probed) << answer.words();
    EXPECT_EQ(answer.status, 0);
    std::set<std::string> names;
    for (const auto& feature : answer.probed->features.items) {
        EXPECT_TRUE(names.insert(feature.name.str()).second) << feature.name.str();
        EXPECT_EQ(feature.works, feature.why.str().empty()) << feature.name.str();
        std::printf("%-16s %s %s\n", feature.name.str().c_str(), feature.works ? "yes" : "no",
                    feature.why.str().c_str());
    }
    EXPECT_EQ(names, (std::set<std::string>{"xdp", "tc-ingress", "tc-egress", "cgroup-connect4",
                                            "cgroup-connect6", "cgroup-ingress", "cgroup-egress",
                                            "lsm", "fentry", "fexit", "kprobe", "btf", "tcx"}));
    EXPECT_EQ(attached_now(), before);
}

// A probe says "works" of exactly what an artifact can have.
TEST_F(Probe, AgreesWithWhatLoadingDoes) {
    const auto answer = Loader().remove({});
    ASSERT_TRUE(answer.probed) << answer.words();
    using approval::ProgramType;
    const struct {
        const char* feature;
        const char* object;
        Plan plan;
    } all[] = {{"xdp", "core", {"run", ProgramType::xdp, ""}},
               {"lsm", "lsm", {"see_open", ProgramType::lsm, "file_open"}},
               {"fentry", "fentry", {"see_entry", ProgramType::fentry, "do_unlinkat"}},
               {"fexit", "fexit", {"see_exit", ProgramType::fexit, "do_unlinkat"}},
               {"kprobe", "kprobe", {"see_unlink", ProgramType::kprobe, "do_unlinkat"}}};
    for (const auto& one : all) {
        const auto loaded = Loader().load(object(one.object), {one.plan});
        for (const auto& feature : answer.probed->features.items) {
            if (feature.name.str() != one.feature) continue;
            EXPECT_EQ(feature.works, loaded.loaded.has_value())
                << one.feature << ": " << feature.why.str() << "; " << loaded.words();
        }
    }
}

TEST_F(Probe, RemovingAFilterThatIsGoneIsNoError) {
    const auto before = attached_now();
    const auto answer = Loader().remove(
        {{.interface = kLoopback,
          .egress = true,
          .handle = 7,
          .priority = protocol::kFilterPriority},
         {.interface = 4711, .egress = false, .handle = 7, .priority = protocol::kFilterPriority}});
    EXPECT_TRUE(answer.probed) << answer.words();
    EXPECT_EQ(attached_now(), before);
}

// As on a kernel before 6.6; newer ones have clsact as well.
TEST_F(Probe, AFilterIsRemovedByNameAndAnotherStays) {
    const auto shell = [](const std::string& command) {
        return std::system(("PATH=/usr/sbin:/sbin:$PATH; " + command + " >&2").c_str());
    };
    const auto before = attached_now();
    if (shell("tc qdisc add dev lo clsact") != 0) GTEST_SKIP() << "no tc(8), or no clsact here";
    const std::string add = "tc filter add dev lo egress prio 45084 handle ";
    const std::string what = " bpf direct-action object-file " BULKHEAD_OBJECTS "/tc.o section tc";
    ASSERT_EQ(shell(add + "0x7" + what), 0);
    ASSERT_EQ(shell(add + "0x8" + what), 0);
    const protocol::NamedFilter seven{
        .interface = kLoopback, .egress = true, .handle = 7, .priority = protocol::kFilterPriority};
    auto eight = seven;
    eight.handle = 8;
    const auto first = Loader().remove({seven});
    EXPECT_TRUE(first.probed) << first.words();
    EXPECT_THAT(attached_now(), testing::HasSubstr("handle 0x8"));
    EXPECT_THAT(attached_now(), testing::Not(testing::HasSubstr("handle 0x7")));
    EXPECT_TRUE(Loader().remove({seven, eight}).probed);
    EXPECT_EQ(attached_now(), before);
}

}  // namespace
}  // namespace bulkhead::test
