// The worker and the broker where the kernel answers "done" and has done nothing, or lacks what
// policy requires: neither goes on.
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "common/sandbox/walls.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/kernel.hpp"

namespace bulkhead::test {
namespace {

using policy::Wall;

constexpr int kSetMdwe = 65;  // linux/prctl.h, Linux 6.3

std::string number_of(int value) { return std::to_string(value); }

class LyingKernel : public Pair {
  protected:
    // The real worker, which the kernel answers so.
    void start_lying_worker(const std::string& call, const std::string& first, int error = 0) {
        const auto liar = place() / "liar";
        std::filesystem::copy_file(BULKHEAD_LIE, liar);
        std::filesystem::permissions(liar, std::filesystem::perms(0755));
        place().write("liar.lie",
                      call + " " + first + " " + number_of(error) + " " + BULKHEAD_WORKER);
        start({"--worker", liar});
    }
    void expect_noticed(const std::string& call, const std::string& first,
                        const std::string& said) {
        start_lying_worker(call, first);
        ASSERT_TRUE(wait_for_log("confine: " + said)) << call;
        ASSERT_TRUE(wait_for_audit("worker-ended")) << call;
        EXPECT_EQ(stop(), 0);
        EXPECT_TRUE(audit("worker-confined").empty()) << call;
        EXPECT_TRUE(backend().requests().empty()) << call << ": it has met the network";
    }
};

struct Lie {
    Wall wall;
    std::string call;
    std::string first;  // argument
    std::string said;
};

// As after a change of SELinux domain, the second.
const Lie kToTheWorker[] = {
    {.wall = Wall::not_dumpable,
     .call = "prctl",
     .first = number_of(PR_SET_DUMPABLE),
     .said = "not-dumpable differs: it can be read from outside"},
    {.wall = Wall::end_with_parent,
     .call = "prctl",
     .first = number_of(PR_GET_PDEATHSIG),
     .said = "end-with-parent differs: it would outlive the broker"},
    {.wall = Wall::mdwe,
     .call = "prctl",
     .first = number_of(kSetMdwe),
     .said = "mdwe differs: memory can become executable"},
    {.wall = Wall::mseal, .call = "mseal", .first = "any", .said = "sealed code can be remapped"},
    {.wall = Wall::identity,
     .call = "setresuid",
     .first = "0",
     .said = "becoming root was possible"},
    {.wall = Wall::landlock_net,
     .call = "landlock_restrict_self",
     .first = "any",
     .said = "landlock differs: what no rule names is open"},
    {.wall = Wall::landlock,
     .call = "landlock_restrict_self",
     .first = "any",
     .said = "landlock differs: what no rule names is open"},
    {.wall = Wall::seccomp,
     .call = "seccomp",
     .first = number_of(SECCOMP_SET_MODE_FILTER),
     .said = "clone3 was possible"}};

class LieToTheWorker : public LyingKernel, public testing::WithParamInterface<Lie> {};

TEST_P(LieToTheWorker, IsNoticedBeforeItMeetsTheNetwork) {
    const auto& lie = GetParam();
    if (sandbox::lacking_walls({}).has(lie.wall)) {
        GTEST_SKIP() << "this kernel has no " << policy::row_of(lie.wall).name;
    }
    expect_noticed(lie.call, lie.first, lie.said);
}

// The other two are raised before its exec, by the function that tests/broker/jobs lies to.
TEST(LyingKernelTable, KnowsEveryWallThatTheWorkerRaises) {
    policy::WallSet lied{Wall::capabilities, Wall::no_new_privs};
    for (const auto& lie : kToTheWorker) lied.add(lie.wall);
    EXPECT_EQ(policy::kRaisedByWorker.without(lied).names(), "");
}

const Lie kToTheBroker[] = {
    {.wall = Wall::not_dumpable,
     .call = "prctl",
     .first = number_of(PR_SET_DUMPABLE),
     .said = "not-dumpable differs: it can be read from outside"},
    {.wall = Wall::limits, .call = "prlimit64", .first = "any", .said = "a limit differs"},
    // The first process that it makes finds out before it gives up its own.
    {.wall = Wall::capabilities,
     .call = "prctl",
     .first = number_of(PR_CAPBSET_DROP),
     .said = "capabilities differ"},
    {.wall = Wall::no_new_privs,
     .call = "prctl",
     .first = number_of(PR_SET_NO_NEW_PRIVS),
     .said = "no_new_privs is off"},
    {.wall = Wall::seccomp,
     .call = "seccomp",
     .first = number_of(SECCOMP_SET_MODE_FILTER),
     .said = "seccomp differs: no filter was added"}};

class LieToTheBroker : public LyingKernel, public testing::WithParamInterface<Lie> {};

TEST_P(LieToTheBroker, IsNoticedAndItDoesNotStart) {
    const auto& lie = GetParam();
    start_under({BULKHEAD_LIE, lie.call, lie.first, "0"});
    EXPECT_EQ(stop(0), 1);
    EXPECT_NE(log().find(lie.said), std::string::npos) << log();
    EXPECT_TRUE(audit("worker-started").empty());
}

TEST(LyingKernelTable, KnowsEveryWallOfTheBroker) {
    policy::WallSet lied;
    for (const auto& lie : kToTheBroker) lied.add(lie.wall);
    EXPECT_EQ(policy::kBrokerWalls.without(lied).names(), "");
}

std::string named(const testing::TestParamInfo<Lie>& lie) {
    std::string name(policy::row_of(lie.param.wall).name);
    std::ranges::replace(name, '-', '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(Walls, LieToTheWorker, testing::ValuesIn(kToTheWorker), named);
INSTANTIATE_TEST_SUITE_P(Walls, LieToTheBroker, testing::ValuesIn(kToTheBroker), named);

TEST_F(LyingKernel, ABrokerWithoutWhatPolicyRequiresDoesNotStart) {
    place().append("policy/host.policy", "require landlock  # test\n");
    start_under({BULKHEAD_LIE, "landlock_create_ruleset", "any", number_of(ENOSYS)});
    EXPECT_EQ(stop(0), 2);
    EXPECT_NE(log().find("this host lacks the required landlock"), std::string::npos);
    EXPECT_TRUE(audit("worker-started").empty());
}

TEST_F(LyingKernel, ABrokerThatFindsNoEgressAfterItWasPromisedStartsNoWorker) {
    if (const auto why = kernel_filters_sockets(); !why.empty()) GTEST_SKIP() << why;
    start_under({BULKHEAD_LIE, "bpf", number_of(BPF_PROG_ATTACH), "0"});
    EXPECT_EQ(stop(0), 1);
    EXPECT_NE(log().find("egress: connecting was not refused by it"), std::string::npos);
    EXPECT_TRUE(audit("worker-started").empty());
}

// Neither addresses nor ports.
TEST_F(LyingKernel, ABrokerThatCannotHoldItsWorkersConnectionsDoesNotStartUnlessToldTo) {
    const std::vector<std::string> old{BULKHEAD_LIE, "bpf", "any", number_of(ENOSYS)};
    auto neither = old;
    for (const auto& word : {std::string(BULKHEAD_LIE), std::string("landlock_create_ruleset"),
                             std::string("any"), number_of(ENOSYS)}) {
        neither.push_back(word);
    }
    start_under(neither);
    EXPECT_EQ(stop(0), 2);
    EXPECT_NE(log().find("write into host.policy: without egress  # why"), std::string::npos);
    EXPECT_TRUE(audit("worker-started").empty());
    place().append("policy/host.policy", "without egress  # test\n");
    start_under(neither);
    EXPECT_TRUE(wait_for_audit("worker-confined"));
    EXPECT_EQ(stop(), 0);
    place().append("policy/host.policy", "require egress  # test\n");
    start_under(old);
    EXPECT_TRUE(wait_for_audit("worker-confined", 2)) << "with the walls of the policy before";
    EXPECT_NE(last_audit("policy-rejected")["why"].get<std::string>().find(
                  "this host lacks the required egress"),
              std::string::npos);
    EXPECT_TRUE(wait_for_audit("intake-suspended"));
}

}  // namespace
}  // namespace bulkhead::test
