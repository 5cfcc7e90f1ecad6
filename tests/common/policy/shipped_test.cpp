// The policy directory as it is shipped.
#include <gmock/gmock.h>

#include <algorithm>

#include "common/policy/ceiling_for_artifacts.hpp"
#include "common/policy/check.hpp"
#include "common/policy/connect.hpp"
#include "common/policy/load.hpp"
#include "common/policy/walls.hpp"
#include "common/sandbox/seccomp.hpp"
#include "tests/support/ok.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;

namespace {

Policy shipped() {
    auto loaded = load(BULKHEAD_POLICY, Trust::caller);
    EXPECT_OK(loaded);
    return loaded ? *std::move(loaded) : Policy{};
}

bool is_system_call(std::string_view name) { return sandbox::syscall_number(name).has_value(); }

}  // namespace

TEST(ShippedPolicy, HasNoFindings) {
    const Facts facts{*parse_utc("2026-11-22T00:00:00Z"), is_system_call};
    for (const auto& remark : check(shipped(), facts)) {
        ADD_FAILURE() << remark.where << ": " << remark.text;
    }
}

TEST(ShippedPolicy, ApprovesNothing) {
    const auto policy = shipped();
    EXPECT_TRUE(policy.signers.signers.empty());
    EXPECT_TRUE(policy.approved.empty());
    for (const auto& [profile, rule] : policy.approvals) EXPECT_TRUE(rule.needs.empty()) << profile;
}

TEST(ShippedPolicy, LeavesTheWorkerAtMost75Calls) {
    const auto policy = shipped();
    const auto& list = policy.seccomp.at("worker");
    EXPECT_EQ(list.fallback, (Action{SyscallAction::kill}));
    std::set<std::string> calls;
    for (const auto& rule : list.rules) calls.insert(rule.call);
    EXPECT_LE(calls.size(), 75U);
    for (const auto* never : {"execve", "execveat", "fork", "vfork", "listen", "ptrace", "mount",
                              "unshare", "setuid", "kill", "io_uring_setup", "bpf"}) {
        EXPECT_FALSE(calls.contains(never)) << never;
    }
}

TEST(ShippedPolicy, LeavesTheLoaderThreeCapabilitiesAndTheCallsOfLibbpf) {
    const auto policy = shipped();
    const auto& loader = policy.part("loader");
    EXPECT_EQ(capability_names(loader.capabilities), "CAP_NET_ADMIN CAP_PERFMON CAP_BPF");
    for (const auto& row : loader.paths) EXPECT_EQ(row.access, Access::read) << row.path;
    const auto& list = policy.seccomp.at(loader.seccomp);
    EXPECT_EQ(list.fallback, (Action{SyscallAction::kill}));
    std::set<std::string> calls;
    for (const auto& rule : list.rules) {
        calls.insert(rule.call);
        const bool narrowed = rule.call == "bpf" || rule.call == "socket" ||
                              rule.call == "perf_event_open" || rule.call == "openat";
        EXPECT_FALSE(narrowed && rule.conditions.empty()) << rule.call;
    }
    for (const auto* never : {"execve", "execveat", "clone", "fork", "listen", "connect", "ptrace",
                              "mount", "unshare", "setresuid", "capset", "kill", "pidfd_open",
                              "io_uring_setup", "ioctl", "memfd_create", "init_module"}) {
        EXPECT_FALSE(calls.contains(never)) << never;
    }
}

// Admin is root, and its first line says so. No other profile has more than what its rows hold.
TEST(ShippedPolicy, LeavesNoJobButAdminsACapabilityThatReachesTheKernel) {
    const auto policy = shipped();
    for (const auto& [name, profile] : policy.profiles) {
        const auto held = capability_names(profile.capabilities);
        if (name != "admin") {
            EXPECT_TRUE(held == "none" || held == "CAP_DAC_OVERRIDE CAP_FOWNER") << name << held;
        }
        for (const auto* never : {"SYS_MODULE", "SYS_RAWIO", "CAP_BPF", "PERFMON", "SYS_BOOT",
                                  "SYS_TIME", "MAC_ADMIN", "SYS_PACCT", "SYS_RESOURCE"}) {
            EXPECT_THAT(held, testing::Not(testing::HasSubstr(never))) << name;
        }
    }
}

TEST(ShippedPolicy, ConfinesEveryJobButAdminsToAViewThatItCannotDoWithout) {
    const auto policy = shipped();
    using Walls = std::set<std::string, std::less<>>;
    EXPECT_EQ(obligatory_walls(policy.profiles.at("inspect")), Walls{"job-view"});
    EXPECT_EQ(obligatory_walls(policy.profiles.at("diagnose")), Walls{"job-view"});
    EXPECT_EQ(obligatory_walls(policy.profiles.at("maintain")),
              (Walls{"id-map", "job-view", "landlock"}));
    EXPECT_EQ(obligatory_walls(policy.profiles.at("admin")), Walls{});
}

TEST(ShippedPolicy, HasNoProfileWithCapabilitiesThatMayWrite) {
    for (const auto& [name, profile] : shipped().profiles) {
        if (name == "admin" || profile.capabilities == 0) continue;
        for (const auto& rule : profile.paths) {
            EXPECT_TRUE(rule.access != Access::write && rule.access != Access::devices)
                << name << " " << rule.path;
        }
    }
}

// The ceiling leaves root bpf(2) for the worker's egress; of what root starts the loader alone has
// it, for the commands that its list names.
TEST(ShippedPolicy, LeavesBpfToNobodyButRootAndTheLoader) {
    const auto policy = shipped();
    for (const auto& [name, list] : policy.seccomp) {
        const auto call = [](const auto& rule) { return rule.call == "bpf"; };
        const auto rule = std::ranges::find_if(list.rules, call);
        const auto action = rule == list.rules.end() ? list.fallback : rule->action;
        // The third narrows the first, and no process runs under it.
        const bool has_it = name == "broker" || name == "loader" || name == kCeilingForArtifacts;
        EXPECT_EQ(action.kind == SyscallAction::allow, has_it) << name;
        EXPECT_NE(action.kind, SyscallAction::log) << name;
    }
}

TEST(ShippedPolicy, LeavesTheWorkerNoBindButNetlinks) {
    const auto policy = shipped();
    int rows = 0;
    for (const auto& rule : policy.seccomp.at("worker").rules) {
        if (rule.call != "bind") continue;
        ++rows;
        ASSERT_EQ(rule.conditions.size(), 1U);
        EXPECT_EQ(rule.conditions[0].text, "arg2 is 12");
    }
    EXPECT_EQ(rows, 1);
}

TEST(ShippedPolicy, NamesNothingSpecialAndNoPortOfNameServers) {
    const auto policy = shipped();
    const auto nets = special_nets();
    for (const auto& row : policy.part("worker").connects) {
        EXPECT_EQ(special_of(row, nets), nullptr) << in_words(row);
        EXPECT_NE(row.port, 53) << in_words(row);
    }
    EXPECT_FALSE(policy.part("worker").connects.empty());
}
