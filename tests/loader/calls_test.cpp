// The loader does its work with the calls that it declares alone.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "common/policy/needed_calls.hpp"
#include "tests/loader/only_calls.hpp"
#include "tests/loader/site.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/scratch_cgroup.hpp"

namespace bulkhead::test {
namespace {

using approval::ProgramType;

struct Calls : LoaderTest {
    // It ended by itself, as it does under the whole list.
    static void expect_the_same(const std::string& elf, const Plan& plan,
                                const Values& values = {}) {
        const auto whole = Loader().load(elf, {plan}, values).words();
        const OnlyCalls only(policy::needed_calls("loader"));
        const auto answer = Loader().load(elf, {plan}, values);
        EXPECT_TRUE(WIFEXITED(answer.status)) << plan.name << ": " << answer.words();
        EXPECT_EQ(answer.words(), whole) << plan.name;
    }
};

TEST_F(Calls, ThoseThatItDeclaresAreEnough) {
    ASSERT_FALSE(policy::needed_calls("loader").empty());
    expect_the_same(example("count_packets"), {"count", ProgramType::xdp, ""},
                    {{"limit", "01000000"}});
    expect_the_same(object("core"), {"run", ProgramType::xdp, ""});
    expect_the_same(object("lsm"), {"see_open", ProgramType::lsm, "file_open"});
    expect_the_same(object("fentry"), {"see_entry", ProgramType::fentry, "do_unlinkat"});
    expect_the_same(object("kprobe"), {"see_unlink", ProgramType::kprobe, "do_unlinkat"});
    expect_the_same(object("unsound"), {"run", ProgramType::xdp, ""});
    expect_the_same(object("endless"), {"run", ProgramType::xdp, ""});
    expect_the_same("no object", {"run", ProgramType::xdp, ""});
    if (cgroup2_is_mounted()) {
        const ScratchCgroup cgroup;
        expect_the_same(example("guard_connect4"),
                        {"guard", ProgramType::cgroup_connect4, "", cgroup.fd()});
    }
}

TEST_F(Calls, AndForFiltersAndTrials) {
    const auto whole = Loader().remove({});
    ASSERT_TRUE(whole.probed) << whole.words();
    const OnlyCalls only(policy::needed_calls("loader"));
    auto answer = Loader().load(object("tc"), {{"count_in", ProgramType::tc_ingress, ""},
                                               {"count_out", ProgramType::tc_egress, ""}});
    ASSERT_TRUE(answer.loaded) << answer.words();
    for (const auto& program : answer.loaded->programs.items) {
        if (program.filter) {
            EXPECT_TRUE(Loader().remove({*program.filter}).probed);
        }
    }
    // For one that is not there it asks by netlink, on each kernel.
    const auto none = Loader().remove({{.interface = kLoopback,
                                        .egress = true,
                                        .handle = 77,
                                        .priority = protocol::kFilterPriority}});
    EXPECT_TRUE(none.probed) << none.words();
    const auto probed = Loader().remove({});
    ASSERT_TRUE(probed.probed) << probed.words();
    const auto& all = whole.probed->features.items;
    ASSERT_EQ(probed.probed->features.items.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(probed.probed->features.items[i].works, all[i].works) << all[i].name.str();
    }
}

}  // namespace
}  // namespace bulkhead::test
