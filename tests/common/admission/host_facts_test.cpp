#include "common/admission/host_facts.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/tree.hpp"

namespace bulkhead::admission {
namespace {

using testing::HasSubstr;

struct InterpreterTest : testing::Test {
    // Not under /tmp: there every user may write.
    std::string top = "/run/bulkhead-test-XXXXXX";

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to own what it looks at";
        ASSERT_NE(::mkdtemp(top.data()), nullptr);
        ::chmod(top.c_str(), 0755);
    }
    void TearDown() override { std::filesystem::remove_all(top); }

    std::string made(const std::string& name, mode_t mode = 0755) const {
        const auto path = top + "/" + name;
        std::filesystem::create_directories(path.substr(0, path.rfind('/')));
        std::ofstream(path) << "#!/bin/sh\n";
        ::chmod(path.c_str(), mode);
        return path;
    }
    static void give_away(const std::string& path) {
        ASSERT_EQ(::lchown(path.c_str(), 64123, 64123), 0);
    }
    // "" when trusted, else why not.
    static std::string fault(const std::string& path) {
        policy::Policy policy;
        policy.interpreters.emplace(path, policy::Source{});
        const auto facts = look_at(policy, "/none");
        const auto& one = facts.interpreters.at(path);
        EXPECT_EQ(one.trusted, one.detail.empty());
        return one.detail;
    }
};

TEST_F(InterpreterTest, ARootOwnedProgramIsTrusted) {
    EXPECT_EQ(fault("/bin/sh"), "") << "through the usual symlinks";
    EXPECT_EQ(fault(made("dir/tool")), "");
}

TEST_F(InterpreterTest, WhatIsNoProgramIsNot) {
    EXPECT_EQ(fault(top + "/none"), top + "/none: absent");
    EXPECT_THAT(fault(made("data", 0644)), HasSubstr("not an executable file"));
    EXPECT_THAT(fault("/usr"), HasSubstr("not an executable file"));
    EXPECT_THAT(fault("/dev/null"), HasSubstr("/dev/null: "));
}

TEST_F(InterpreterTest, AProgramThatOthersCouldWriteIsNot) {
    EXPECT_THAT(fault(made("group", 0775)), HasSubstr("writable by group or others"));
    EXPECT_THAT(fault(made("others", 0757)), HasSubstr("writable by group or others"));
    const auto path = made("tool");
    give_away(path);
    EXPECT_EQ(fault(path), path + ": not owned by root");
}

TEST_F(InterpreterTest, ADirectoryAboveItThatOthersCouldWriteIsNot) {
    const auto path = made("a/b/tool");
    ::chmod((top + "/a").c_str(), 0777);
    EXPECT_EQ(fault(path), top + "/a: writable by group or others");
    ::chmod((top + "/a").c_str(), 0755);
    EXPECT_EQ(fault(path), "");
    give_away(top + "/a/b");
    EXPECT_EQ(fault(path), top + "/a/b: not owned by root");
}

TEST_F(InterpreterTest, ALinkIsAsGoodAsEveryStepBehindIt) {
    const auto path = made("good/tool");
    std::filesystem::create_directory(top + "/links");
    std::filesystem::create_symlink("../good/tool", top + "/links/tool");
    EXPECT_EQ(fault(top + "/links/tool"), "");
    ::chmod((top + "/good").c_str(), 0777);
    EXPECT_EQ(fault(top + "/links/tool"), top + "/links/../good: writable by group or others");
}

// Its target is sound at this moment; whoever owns the directory chooses another before the exec.
TEST_F(InterpreterTest, ALinkThatOthersCouldTurnIsNotTrusted) {
    std::filesystem::create_directory(top + "/theirs");
    std::filesystem::create_symlink("/bin/sh", top + "/theirs/tool");
    EXPECT_EQ(fault(top + "/theirs/tool"), "");
    give_away(top + "/theirs");
    EXPECT_EQ(fault(top + "/theirs/tool"), top + "/theirs: not owned by root");
    // The same one link further away.
    std::filesystem::create_symlink(top + "/theirs/tool", top + "/tool");
    EXPECT_EQ(fault(top + "/tool"), top + "/theirs: not owned by root");
    give_away(top + "/tool");
    EXPECT_EQ(fault(top + "/tool"), top + "/tool: not owned by root");
}

TEST_F(InterpreterTest, ARingOfLinksEnds) {
    std::filesystem::create_symlink(top + "/b", top + "/a");
    std::filesystem::create_symlink(top + "/a", top + "/b");
    EXPECT_THAT(fault(top + "/a"), HasSubstr("too many symlinks"));
}

TEST(Profiles, AreToldWithWhatTheyGaveUpAndWhatTheyHide) {
    policy::Policy policy;
    auto& profile = policy.profiles["p"];
    profile.seccomp = "s";
    profile.network = policy::Network::none;
    profile.namespaces.pid = true;
    profile.private_tmp = false;
    profile.without.push_back({"landlock", {.reason = "an old kernel"}});
    policy.seccomp["s"].fallback = {policy::SyscallAction::allow};
    const auto facts = look_at(policy, "/none").profiles.at("p");
    EXPECT_EQ(facts.unusable, "");
    EXPECT_THAT(facts.remarks, testing::ElementsAre("without landlock: an old kernel",
                                                    HasSubstr("sees no other process"),
                                                    HasSubstr("has no network")));
}

TEST(Intake, IsSuspendedByAFileInThePolicyDirectory) {
    const auto tree = test::tree({{"host.policy", ""}});
    EXPECT_FALSE(look_at({}, tree.path()).intake_suspended);
    tree.write("jobs.disabled", "");
    EXPECT_TRUE(look_at({}, tree.path()).intake_suspended);
}

TEST(JobsDisabled, AFileThatMayBeMeantForItDisablesAndIsNamed) {
    for (const auto* name : {"jobs.disable", "jobs_disabled", "Jobs.Disabled", "jobs.disabled.txt",
                             "job.disabled", "jobs.disbaled", "jobs.disabled~"}) {
        const auto tree = test::tree({{"host.policy", ""}, {name, ""}});
        const auto facts = look_at({}, tree.path());
        EXPECT_TRUE(facts.intake_suspended) << name;
        EXPECT_THAT(facts.suspended_by, HasSubstr(name));
    }
    const auto tree = test::tree({{"jobs.md", ""}, {"revoked_jobs", ""}, {"disabled", ""}});
    EXPECT_FALSE(look_at({}, tree.path()).intake_suspended);
    EXPECT_TRUE(look_at({}, tree.path() + "/gone").intake_suspended);
}

TEST(JobsDisabled, WhateverStandsThereOrCannotBeLookedForDisables) {
    const test::TempDir policy;
    const auto disabled = [](const std::string& directory) {
        return look_at({}, directory).intake_suspended;
    };
    EXPECT_FALSE(disabled(policy.path()));
    const auto mark = policy / "jobs.disabled";
    ASSERT_EQ(::symlink("/no/such/file", mark.c_str()), 0);
    EXPECT_TRUE(disabled(policy.path())) << "a link to nowhere";
    EXPECT_TRUE(disabled("/dev/null")) << "ENOTDIR";
}

}  // namespace
}  // namespace bulkhead::admission
