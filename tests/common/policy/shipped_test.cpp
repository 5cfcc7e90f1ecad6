// The policy directory as it is shipped.
#include <gmock/gmock.h>

#include "common/policy/check.hpp"
#include "common/policy/load.hpp"
#include "common/sandbox/seccomp.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;

namespace {

Policy shipped() {
    auto loaded = load(BULKHEAD_POLICY, Trust::caller);
    EXPECT_TRUE(loaded) << loaded.error().what;
    return loaded ? *std::move(loaded) : Policy{};
}

bool is_system_call(std::string_view name) { return sandbox::syscall_number(name).has_value(); }

}  // namespace

TEST(ShippedPolicy, HasNoFindings) {
    const Facts facts{*parse_utc("2026-11-22T00:00:00Z"), is_system_call};
    for (const auto& finding : check(shipped(), facts)) {
        ADD_FAILURE() << finding.where << ": " << finding.text;
    }
}

TEST(ShippedPolicy, ApprovesNothing) {
    const auto policy = shipped();
    EXPECT_TRUE(policy.signers.signers.empty());
    EXPECT_TRUE(policy.approved.empty());
    for (const auto& [profile, rule] : policy.approvals) EXPECT_EQ(rule.need, 0U) << profile;
}

TEST(ShippedPolicy, LeavesTheWorkerAtMost75Calls) {
    const auto policy = shipped();
    const auto& list = policy.seccomp.at("worker");
    EXPECT_EQ(list.fallback, (Action{Verdict::kill}));
    std::set<std::string> calls;
    for (const auto& rule : list.rules) calls.insert(rule.call);
    EXPECT_LE(calls.size(), 75U);
    for (const auto* never : {"execve", "execveat", "fork", "vfork", "listen", "ptrace", "mount",
                              "unshare", "setuid", "kill", "io_uring_setup", "bpf"}) {
        EXPECT_FALSE(calls.contains(never)) << never;
    }
}

TEST(ShippedPolicy, LeavesNoJobWithCapabilitiesThatReachTheKernel) {
    const auto policy = shipped();
    for (const auto& [name, profile] : policy.profiles) {
        const auto held = capability_names(profile.capabilities);
        for (const auto* never : {"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "SYS_BOOT",
                                  "NET_ADMIN", "CAP_BPF", "PERFMON", "SYS_TIME", "MAC_ADMIN"}) {
            EXPECT_THAT(held, testing::Not(testing::HasSubstr(never))) << name;
        }
    }
    EXPECT_EQ(policy.profiles.at("inspect").capabilities, 0U);
}
