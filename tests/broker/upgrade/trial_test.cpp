// What a program that took the broker's place may do while it is asked whether it could start: by
// the shipped profile, with a shell in place of that program.
#include "broker/upgrade/trial.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "broker/processes/confined_process.hpp"
#include "broker/upgrade/programs.hpp"
#include "common/sandbox/landlock.hpp"
#include "tests/support/in_run.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using ::testing::HasSubstr;

constexpr sandbox::User kReader{64122, 64122};

std::shared_ptr<ReadyPolicy> shipped(const std::string& greeting = "60s") {
    auto vendor = policy::read(BULKHEAD_POLICY, policy::Trust::anybody).value();
    vendor.texts.erase("shipped.digests");
    policy::Files own{.directory = "test", .texts = {}, .ignored = {}};
    for (const auto* file : {"host.policy", "approval.policy"}) {
        own.texts[file] = vendor.texts[file];
        vendor.texts.erase(file);
    }
    auto& profile = vendor.texts["profiles/upgrade-check.profile"];
    profile.replace(profile.find("greeting 60s"), 12, "greeting " + greeting);
    return ReadyPolicy::make(vendor, own).value();
}

struct TrialTest : testing::Test {
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to start somebody else";
        auto made = CgroupTree::create("trial-" + std::to_string(::getpid()));
        ASSERT_OK(made);
        cgroups.emplace(*std::move(made));
    }

    Trial::End run(const std::string& script, const std::string& greeting = "60s") {
        const auto policy = shipped(greeting);
        auto loop = sys::Loop::create().value();
        const auto shell = open_program(std::filesystem::canonical("/bin/bash")).value();
        std::optional<Trial::End> end;
        const auto trial = Trial::start(loop,
                                        {.policy = *policy,
                                         .cgroups = *cgroups,
                                         .program = shell,
                                         .arguments = {"bash", "-c", script},
                                         .environment = {"PATH=/usr/bin:/bin"},
                                         .user = kReader,
                                         .landlock_abi = sandbox::landlock_abi()},
                                        [&](Trial::End how) { end = std::move(how); });
        EXPECT_OK(trial);
        while (trial && !end) EXPECT_OK(loop.step(std::chrono::seconds(1)));
        return end.value_or(Trial::End{});
    }

    std::optional<CgroupTree> cgroups;
};

TEST_F(TrialTest, TellsHowItEndedAndWhatItSaid) {
    const auto end = run("echo out; echo err >&2; exit 3");
    EXPECT_EQ(end.exit, 3);
    EXPECT_EQ(end.said, "out\nerr\n");
    EXPECT_EQ(end.how, "it ended with exit status 3");
    EXPECT_EQ(run("kill -SEGV $$").exit, -1);
}

TEST_F(TrialTest, OneThatDoesNotEndIsEnded) {
    const auto end = run("echo begun; while :; do :; done", "1s");
    EXPECT_EQ(end.exit, -1);
    EXPECT_EQ(end.said, "begun\n");
    EXPECT_EQ(end.how, "it had not ended in time");
}

TEST_F(TrialTest, OneThatSaysTooMuchIsCut) {
    const auto end = run("for i in {1..40000}; do echo $i; done");
    EXPECT_EQ(end.exit, 0) << "nobody waits for a reader";
    EXPECT_EQ(end.said.size(), Trial::kMostSaid);
}

TEST_F(TrialTest, WritesNothingAndHasNoNetwork) {
    if (sandbox::landlock_abi() < 1) GTEST_SKIP() << "no Landlock here, which keeps it to reading";
    const test::InRun in_run;
    test::Tree tree({{"secret", "root's"}});
    ASSERT_EQ(::chmod((tree.path() + "/secret").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(tree.path().c_str(), 0777), 0);
    const auto end = run("cd " + tree.path() +
                         "; cat secret; echo; id -u; echo x >new && echo wrote; "
                         "echo x >>secret && echo wrote; rm -f secret; "
                         "cat /proc/net/dev | grep -c :; "
                         "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; exit 0");
    EXPECT_EQ(end.exit, 0) << end.said;
    EXPECT_THAT(end.said, HasSubstr("root's\n64122\n")) << "files of policy may be root's alone";
    EXPECT_THAT(end.said, testing::Not(HasSubstr("wrote")));
    EXPECT_THAT(end.said, HasSubstr("\n1\n")) << "only a loopback of its own";
    EXPECT_THAT(end.said, HasSubstr("CapEff:\t0000000000000002\n"));
    EXPECT_THAT(end.said, HasSubstr("NoNewPrivs:\t1\nSeccomp:\t2\n"));
    EXPECT_TRUE(std::filesystem::exists(tree.path() + "/secret"));
    EXPECT_FALSE(std::filesystem::exists(tree.path() + "/new"));
}

struct ProgramsTest : testing::Test {
    ProgramsTest() : tree({{"worker", "one"}, {"policy/host.policy", "a"}, {"vendor/x", "b"}}) {
        options.worker = tree.path() + "/worker";
        options.loader = tree.path() + "/loader";
        options.config = tree.path() + "/agent.yaml";
        options.policy = tree.path() + "/policy";
        options.vendor_policy = tree.path() + "/vendor";
        worker = sys::Fd(::open(options.worker.c_str(), O_RDONLY | O_CLOEXEC));
    }
    void write(const std::string& name, const std::string& text) { tree.write(name, text); }
    test::Tree tree;
    StartFiles options;
    sys::Fd worker;
};

TEST_F(ProgramsTest, AnotherFileInTheirPlaceIsNoticedAndAnAbsentOneIsNot) {
    const Programs programs(options, worker.get(), -1);
    EXPECT_EQ(programs.broker(), std::filesystem::read_symlink("/proc/self/exe").string());
    EXPECT_FALSE(programs.replaced());
    write("worker.new", "two");
    std::filesystem::rename(tree.path() + "/worker.new", options.worker);
    EXPECT_TRUE(programs.replaced());
    std::filesystem::remove(options.worker);
    EXPECT_FALSE(programs.replaced()) << "a package that is removed";
    write("loader", "new");
    EXPECT_TRUE(programs.replaced()) << "one that was not there";
}

TEST_F(ProgramsTest, TheStampChangesWithAllThatDecidesHowAStartGoes) {
    const Programs programs(options, worker.get(), -1);
    auto last = programs.stamp();
    EXPECT_EQ(programs.stamp(), last);
    for (const auto* name : {"worker", "loader", "agent.yaml", "policy/host.policy", "vendor/x",
                             "vendor/more", "policy/approved.manifest"}) {
        write(name, "something else");
        const auto now = programs.stamp();
        EXPECT_NE(now, last) << name;
        last = now;
    }
}

}  // namespace
}  // namespace bulkhead::broker
