// The worker and the broker where the kernel answers "done" and has done nothing, or lacks what
// policy requires: neither goes on.
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>

#include "common/sandbox/landlock.hpp"
#include "tests/pair/pair.hpp"
#include "tests/support/kernel.hpp"

namespace bulkhead::test {
namespace {

constexpr int kSetMdwe = 65;  // linux/prctl.h, Linux 6.3
constexpr int kGetMdwe = 66;

std::string number_of(int value) { return std::to_string(value); }

class LyingKernel : public Pair {
  protected:
    // The real worker, which the kernel answers so.
    void start_lying_worker(const std::string& call, const std::string& first, int error = 0) {
        start({"--worker", BULKHEAD_LIE, call, first, number_of(error), BULKHEAD_WORKER});
    }
    void expect_noticed(const std::string& call, const std::string& first,
                        const std::string& said) {
        start_lying_worker(call, first);
        ASSERT_TRUE(wait_for_log("confinement does not hold: " + said)) << call;
        ASSERT_TRUE(wait_for_audit("worker-ended")) << call;
        EXPECT_EQ(stop(), 0);
        EXPECT_TRUE(audit("worker-confined").empty()) << call;
        EXPECT_TRUE(backend().requests().empty()) << call << ": it has met the network";
    }
};

TEST_F(LyingKernel, AWorkerThatStayedDumpableNoticesIt) {
    expect_noticed("prctl", number_of(PR_SET_DUMPABLE), "being read from outside was possible");
}

// As after a change of SELinux domain.
TEST_F(LyingKernel, AWorkerThatWouldOutliveTheBrokerNoticesIt) {
    expect_noticed("prctl", number_of(PR_GET_PDEATHSIG), "outliving the broker was possible");
}

TEST_F(LyingKernel, AWorkerThatMayStillMakeCodeNoticesIt) {
    if (::prctl(kGetMdwe, 0, 0, 0, 0) < 0) GTEST_SKIP() << "this kernel has no MDWE";
    expect_noticed("prctl", number_of(kSetMdwe), "new executable memory was possible");
}

TEST_F(LyingKernel, AWorkerThatCanBecomeRootNoticesIt) {
    expect_noticed("setresuid", "0", "becoming root was possible");
}

TEST_F(LyingKernel, AWorkerWithoutLandlockNoticesIt) {
    if (sandbox::landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    expect_noticed("landlock_restrict_self", "any", "listing / was possible");
}

TEST_F(LyingKernel, AWorkerWithoutItsFilterNoticesIt) {
    expect_noticed("seccomp", number_of(SECCOMP_SET_MODE_FILTER), "clone3 was possible");
}

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
    EXPECT_NE(log().find("egress: connecting was possible"), std::string::npos);
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
    EXPECT_EQ(stop(0), 2);
    EXPECT_NE(log().find("this host lacks the required egress"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::test
