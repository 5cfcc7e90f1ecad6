// The auditor's view of the shipped policy is kept in golden/confinement, so that every change of
// what a process may do shows in a diff, down to the filter's instructions.
#include <gmock/gmock.h>
#include <seccomp.h>

#include <filesystem>

#include "tests/cli/golden.hpp"
#include "tests/cli/site.hpp"

namespace bulkhead::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSubjects[] = {"broker",  "worker",        "config-reader", "vet",
                                     "loader",  "upgrade-check", "admin",         "diagnose",
                                     "inspect", "maintain"};

Answer show(const std::string& who, const std::string& policy = POLICY) {
    return run({.words = {"show-confinement", who, "--policy", policy}});
}

TEST(Confinement, OfTheShippedPolicyIsAsTheGoldenCopiesShowIt) {
#ifndef __x86_64__
    GTEST_SKIP() << "the golden copies hold system call numbers of x86-64";
#endif
    const auto* library = ::seccomp_version();
    if (library->major != 2 || library->minor != 5) {
        GTEST_SKIP() << "the golden copies are in the words of libseccomp 2.5";
    }
    for (const auto* who : kSubjects) {
        const auto answer = show(who);
        EXPECT_EQ(answer.code, 0) << answer.err;
        EXPECT_EQ(answer.out, golden("confinement/" + std::string(who) + ".txt", answer.out))
            << "if that is meant: UPDATE_GOLDEN=1 "
            << std::filesystem::read_symlink("/proc/self/exe").string()
            << " --gtest_filter='Confinement.*', and commit the diff";
    }
}

TEST(Confinement, IsShownWholeWithoutAName) {
    std::string whole;
    for (const auto* who : kSubjects) whole += (whole.empty() ? "" : "\n\n") + show(who).out;
    EXPECT_EQ(run({.words = {"show-confinement", "--policy", POLICY}}).out, whole);
}

TEST(Confinement, IsShownByTheBrokerToo) {
    const auto answer = run({.words = {"--policy", POLICY, "--show-confinement", "inspect"},
                             .program = BROKER_PROGRAM});
    EXPECT_EQ(answer.code, 0) << answer.err;
    EXPECT_EQ(answer.out, show("inspect").out);
}

TEST(Confinement, OfAnUnknownNameOrPolicyIsAWrongCall) {
    EXPECT_EQ(show("absent").code, 2);
    EXPECT_THAT(show("absent").err,
                HasSubstr("neither broker, worker, config-reader, loader, upgrade-check, vet nor a "
                          "profile"));
    EXPECT_EQ(show("worker", "/absent").code, 2);
    EXPECT_EQ(run({.words = {"show-confinement", "worker", "broker"}}).code, 2);
}

TEST(Confinement, FollowsThePolicyInWordsAndInTheProgram) {
    const Site site;
    const auto before = site.bulkhead({"show-confinement", "maintain", "--policy", "policy"});
    EXPECT_THAT(before.out, Not(HasSubstr("symlink")));
    site.write("policy/seccomp/job.seccomp",
               "default allow  # a test's\n"
               "errno EPERM socket if arg0 in AF_PACKET AF_ALG and arg1 has 3  # no raw frames\n"
               "kill symlink symlinkat if arg2 not-in 0  # no links\n");
    const auto after = site.bulkhead({"show-confinement", "maintain", "--policy", "policy"});
    EXPECT_THAT(after.out, HasSubstr("  fails with EPERM\n"
                                     "    socket if arg0 in AF_PACKET AF_ALG and arg1 has 3\n"));
    EXPECT_THAT(after.out, HasSubstr("# no raw frames\n"));
    EXPECT_THAT(after.out, HasSubstr("  ends the process\n    symlink symlinkat if arg2 not-in 0"));
    EXPECT_THAT(after.out, HasSubstr("# filter for syscall \"symlink\""));
}

}  // namespace
}  // namespace bulkhead::test
