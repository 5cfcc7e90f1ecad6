#include "common/sandbox/privileges.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/sandbox/seccomp.hpp"
#include "tests/support/forked.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

constexpr std::string_view kStatus =
    "Name:\tworker\n"
    "State:\tS (sleeping)\n"
    "Uid:\t995\t995\t995\t995\n"
    "Gid:\t994\t994\t994\t993\n"
    "Groups:\t4 101 \n"
    "CapInh:\t0000000000000000\n"
    "CapPrm:\t0000000000000001\n"
    "CapEff:\t0000000000000100\n"
    "CapBnd:\t000001ffffffffff\n"
    "CapAmb:\t0000000000000000\n"
    "NoNewPrivs:\t1\n"
    "Seccomp:\t2\n"
    "Seccomp_filters:\t1\n";

std::string without(std::string_view key) {
    std::string text(kStatus);
    const auto at = text.find(key);
    return text.erase(at, text.find('\n', at) - at + 1);
}

TEST(Status, IsReadAsTheKernelWritesIt) {
    const auto seen = parse_proc_status(kStatus).value();
    EXPECT_EQ(seen.uids, (std::vector<std::uint32_t>{995, 995, 995, 995}));
    EXPECT_EQ(seen.gids, (std::vector<std::uint32_t>{994, 994, 994, 993}));
    EXPECT_EQ(seen.groups, (std::vector<std::uint32_t>{4, 101}));
    EXPECT_EQ(seen.permitted, 1U);
    EXPECT_EQ(seen.effective, 256U);
    EXPECT_EQ(seen.bounding, 0x1ffffffffffU);
    EXPECT_TRUE(seen.no_new_privs);
    EXPECT_EQ(seen.seccomp, 2);
    EXPECT_EQ(seen.filters, 1);
}

TEST(Status, AMissingLineIsAnErrorAndNotADefault) {
    for (const auto* key : {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd",
                            "CapAmb", "NoNewPrivs", "Seccomp:"}) {
        EXPECT_FALSE(parse_proc_status(without(key))) << key;
    }
    EXPECT_FALSE(parse_proc_status(""));
}

TEST(Status, ASetOfAnotherWidthIsAnErrorAndNotCutToFit) {
    for (const auto* width : {"00000000", "000000000000000000"}) {
        const auto text = without("CapEff") + "CapEff:\t" + width + "\n";
        EXPECT_EQ(parse_proc_status(text).error().what, "CapEff: not 64 bits");
    }
}

TEST(Status, OfAProcessThatIsNotThereIsAnError) {
    EXPECT_TRUE(read_proc_status(::getpid()));
    EXPECT_FALSE(read_proc_status(0));
}

TEST(ProcessIds, EveryDifferenceIsNamed) {
    const ProcessIds ids{.user = {995, 994}, .groups = {101, 4}, .capabilities = bit(3)};
    ProcStatus good;
    good.uids.assign(4, 995);
    good.gids.assign(4, 994);
    good.groups = {4, 101};
    good.permitted = good.effective = good.bounding = good.inheritable = good.ambient = bit(3);
    good.no_new_privs = true;
    const auto fault = [&](const std::function<void(ProcStatus&)>& change) {
        auto seen = good;
        change(seen);
        const auto result = require_ids(seen, ids);
        return result ? "" : result.error().what;
    };
    EXPECT_EQ(fault([](ProcStatus&) {}), "");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.uids[2] = 0; }), "user id differs")
        << "the saved one";
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.uids.pop_back(); }), "user id differs");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.gids[3] = 0; }), "group id differs");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.groups.push_back(0); }),
              "supplementary groups differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.groups.pop_back(); }),
              "supplementary groups differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.permitted |= 1; }), "capabilities differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.effective = 0; }), "capabilities differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.bounding |= 1; }), "capabilities differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.inheritable |= 1; }), "capabilities differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.ambient = 0; }), "capabilities differ");
    EXPECT_EQ(fault([](ProcStatus& seen) { seen.no_new_privs = false; }), "no_new_privs is off");
}

TEST(User, IsANameOfPasswdOrTwoNumbers) {
    EXPECT_EQ(find_user("root")->uid, 0U);
    EXPECT_EQ(find_user("nobody")->uid, 65534U);
    const auto numbers = find_user("64123:7").value();
    EXPECT_EQ(numbers.uid, 64123U);
    EXPECT_EQ(numbers.gid, 7U);
}

TEST(User, GarbageIsRefusedAndNeverBecomesRoot) {
    for (const auto* name : {"", "no-such-user", "0", "root:", ":0", "1:", "a:b", "1:2:3", "-1:0",
                             "1 :2", "4294967296:1", "root:x:0", "ROOT", " root", "root\n"}) {
        EXPECT_FALSE(find_user(name)) << name;
    }
}

TEST(Group, IsANameOfGroupOrANumber) {
    EXPECT_EQ(find_group("root"), 0U);
    EXPECT_EQ(find_group("64123"), 64123U);
    for (const auto* name : {"", "no-such-group", "-1", "1x", "4294967296"})
        EXPECT_FALSE(find_group(name)) << name;
}

struct Become : testing::Test {
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to give root up";
    }
    // What `act` says after becoming `ids`.
    static std::string as(const ProcessIds& ids, const std::function<std::string()>& act) {
        return test::forked([&]() -> std::string {
            const auto done = assume_ids(ids);
            return done ? act() : done.error().what;
        });
    }
    static constexpr User kUser{64123, 64124};
};

TEST_F(Become, IdsGroupsAndCapabilitiesAreExactlyThose) {
    const ProcessIds ids{
        .user = kUser, .groups = {7, 5}, .capabilities = bit(CAP_CHOWN) | bit(CAP_KILL)};
    EXPECT_EQ(as(ids,
                 [&]() -> std::string {
                     const auto seen = read_proc_status(::getpid());
                     if (!seen) return seen.error().what;
                     const auto same = require_ids(*seen, ids);
                     return same ? "same" : same.error().what;
                 }),
              "same");
}

TEST_F(Become, WithoutCapabilitiesNoneAreLeftInAnySet) {
    EXPECT_EQ(as({.user = kUser, .groups = {}, .capabilities = 0},
                 []() -> std::string {
                     const auto seen = read_proc_status(::getpid()).value();
                     const auto all = seen.permitted | seen.effective | seen.bounding |
                                      seen.inheritable | seen.ambient;
                     return std::to_string(all) + " " + std::to_string(seen.groups.size());
                 }),
              "0 0");
}

TEST_F(Become, RootWithoutCapabilitiesHasNone) {
    EXPECT_EQ(as({.user = {}, .groups = {}, .capabilities = 0},
                 []() -> std::string {
                     return ::chown("/proc/self/fd", 1, 1) == 0 || ::sethostname("x", 1) == 0
                                ? "still root"
                                : "powerless";
                 }),
              "powerless");
}

TEST_F(Become, ThereIsNoWayBack) {
    EXPECT_EQ(as({.user = kUser, .groups = {}, .capabilities = bit(CAP_CHOWN)},
                 []() -> std::string {
                     if (::setuid(0) == 0 || ::setresuid(0, 0, 0) == 0) return "root again";
                     if (::setgid(0) == 0 || ::setgroups(0, nullptr) == 0)
                         return "group root again";
                     if (::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == 0) return "securebits unlocked";
                     if (::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) return "new privileges";
                     if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0) {
                         return "ambient raised";
                     }
                     const rlimit core{2, 2};
                     if (::setrlimit(RLIMIT_CORE, &core) == 0) return "core dumps";
                     return "held";
                 }),
              "held");
}

TEST_F(Become, SecurebitsAreLocked) {
    EXPECT_EQ(as({.user = kUser, .groups = {}, .capabilities = 0},
                 [] { return std::to_string(::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)); }),
              std::to_string(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED));
}

TEST_F(Become, WhatItExecsHasTheSameCapabilities) {
    EXPECT_EQ(as({.user = kUser, .groups = {}, .capabilities = bit(CAP_CHOWN)},
                 []() -> std::string {
                     ::execl("/bin/sh", "sh", "-c",
                             "set -- $(grep CapEff /proc/self/status); test $2 = 0000000000000001",
                             nullptr);
                     return "exec failed";
                 }),
              "");
}

TEST_F(Become, WithoutTheRightToItIsAnErrorNotHalfDone) {
    EXPECT_NE(test::forked([]() -> std::string {
                  if (::setresuid(65534, 65534, 65534) != 0) return "";
                  const auto done = assume_ids({.user = {}, .groups = {}, .capabilities = 0});
                  return done ? "" : done.error().what;
              }),
              "");
}

struct LowerTo : testing::Test {
    static constexpr std::uint64_t kCeiling =
        bit(CAP_CHOWN) | bit(CAP_SETPCAP) | bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_KILL);
    static constexpr std::uint64_t kInForce = bit(CAP_KILL);
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to lower it";
    }
    static std::string after(const std::function<std::string()>& act) {
        return test::forked([&]() -> std::string {
            const auto done = lower_to(kCeiling, kInForce);
            return done ? act() : done.error().what;
        });
    }
    static std::uint64_t in_force() { return read_proc_status(::getpid()).value().effective; }
};

TEST_F(LowerTo, WhatWasAskedForIsInForceAndNothingBeyondTheCeilingIsInReach) {
    EXPECT_EQ(after([]() -> std::string {
                  const auto seen = read_proc_status(::getpid()).value();
                  const bool bare =
                      seen.effective == kInForce && (seen.inheritable | seen.ambient) == 0;
                  const bool cut = seen.permitted == kCeiling && seen.bounding == kCeiling;
                  if (reachable_capabilities() != kCeiling) return "another reach";
                  return bare && cut && seen.uids[1] == 0 && seen.no_new_privs ? "so" : "not so";
              }),
              "so");
}

TEST_F(LowerTo, WhatIsInReachIsBothPermittedAndBounding) {
    EXPECT_EQ(test::forked([]() -> std::string {
                  ::prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0);
                  const auto seen = read_proc_status(::getpid()).value();
                  if ((seen.permitted & bit(CAP_CHOWN)) == 0) return "CAP_CHOWN was not there";
                  return reachable_capabilities() == (seen.permitted & seen.bounding) ? "so"
                                                                                      : "not so";
              }),
              "so");
}

// The kernel says "done" and has done nothing.
TEST_F(LowerTo, WhatWasNotLoweredIsNoticed) {
    const struct {
        const char* call;
        std::optional<std::uint32_t> first;
        std::uint64_t ceiling;
        const char* said;
    } kLies[] = {
        {"prctl", PR_CAPBSET_DROP, kCeiling, "ceiling differs"},
        {"capset", std::nullopt, kCeiling, "ceiling differs"},
        {"capset", std::nullopt, reachable_capabilities(), "a capability stayed in force"},
        {"prctl", PR_SET_SECUREBITS, kCeiling, "securebits differ"},
        {"prctl", PR_SET_NO_NEW_PRIVS, kCeiling, "no_new_privs is off"},
    };
    for (const auto& lie : kLies) {
        policy::SyscallRule rule{.call = lie.call,
                                 .action = {policy::SyscallAction::error, 0},
                                 .conditions = {},
                                 .source = {}};
        if (lie.first) {
            rule.conditions = {{.argument = 0, .any_of = {{0xffffffff, *lie.first}}, .text = {}}};
        }
        const auto filter = compile({.name = "lie",
                                     .fallback = {policy::SyscallAction::allow, 0},
                                     .rules = {rule},
                                     .source = {}});
        EXPECT_EQ(test::forked([&]() -> std::string {
                      if (const auto done = install(*filter); !done) return done.error().what;
                      const auto done = lower_to(lie.ceiling, kInForce);
                      return done ? "noticed nothing" : done.error().what;
                  }),
                  lie.said)
            << lie.call;
    }
}

TEST_F(LowerTo, RaisedIsForItsScopeAndWithinTheCeiling) {
    EXPECT_EQ(after([]() -> std::string {
                  {
                      const Raised one(bit(CAP_CHOWN));
                      if (in_force() != (kInForce | bit(CAP_CHOWN))) return "not that one";
                      {
                          const Raised all(kAllCapabilities);
                          if (in_force() != kCeiling) return "not all";
                      }
                      if (in_force() != (kInForce | bit(CAP_CHOWN))) return "not as before";
                  }
                  return in_force() == kInForce ? "so" : "stayed";
              }),
              "so");
}

TEST_F(LowerTo, RootWithoutThemIsRefusedWhatTheyAreFor) {
    EXPECT_EQ(after([]() -> std::string {
                  const auto other = test::forked([] { return ::setuid(64123) ? "no" : "yes"; });
                  const Raised raised(bit(CAP_SETUID));
                  return other + (::setuid(64123) == 0 ? " yes" : " no");
              }),
              "no yes");
}

TEST_F(LowerTo, AProgramThatRootStartsGetsNoneBack) {
    EXPECT_EQ(after([]() -> std::string {
                  ::execl("/bin/sh", "sh", "-c",
                          "test $(sed -n 's/^CapEff:.//p' /proc/self/status) = 0000000000000000",
                          nullptr);
                  return "no exec";
              }),
              "");
}

TEST_F(LowerTo, ChildrenBecomeOthersWithWhatTheCeilingHas) {
    const auto become_with = [](std::uint64_t capabilities) {
        return after([&]() -> std::string {
            const Raised all(kAllCapabilities);
            const auto done =
                assume_ids({.user = {64123, 64123}, .groups = {7}, .capabilities = capabilities});
            return done ? "became" : "refused";
        });
    };
    EXPECT_EQ(become_with(bit(CAP_CHOWN)), "became");
    EXPECT_EQ(become_with(0), "became");
    EXPECT_EQ(become_with(bit(CAP_FOWNER)), "refused") << "it is beyond the ceiling";
}

TEST(SetLimit, IsReadBack) {
    EXPECT_EQ(test::forked([]() -> std::string {
                  if (!set_limit(RLIMIT_NOFILE, 20, 30)) return "refused";
                  rlimit seen{};
                  ::getrlimit(RLIMIT_NOFILE, &seen);
                  return std::to_string(seen.rlim_cur) + " " + std::to_string(seen.rlim_max);
              }),
              "20 30");
}

}  // namespace
}  // namespace bulkhead::sandbox
