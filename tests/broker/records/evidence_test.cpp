#include "broker/records/evidence.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "common/sys/clock.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::records {
namespace {

using testing::Contains;
using testing::Not;
using testing::SizeIs;

std::string digest_of(std::string_view text) { return crypto::hex(crypto::sha256(as_bytes(text))); }

policy::Policy policy_of(const std::string& text) {
    policy::Policy policy;
    policy.texts["host.policy"] = text;
    policy.file_list = digest_of(text) + "  host.policy\n";
    policy.digest = crypto::sha256(as_bytes(policy.file_list));
    return policy;
}

struct EvidenceTest : testing::Test {
    test::TempDir place;
    sys::Dir dir = place.open();
    Evidence store = Evidence::open(dir).value();
    policy::Policy in_force = policy_of("host-id a\n");

    std::vector<std::string> files() const {
        return dir.open_dir(Evidence::kFolder)->list().value();
    }
    std::string file(const std::string& name) const { return place / "evidence/" + name; }
    // An object of an earlier broker, of this size and age.
    std::string left_behind(const std::string& name, std::uint64_t bytes, std::chrono::days age) {
        const sys::Fd made(::open(file(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0400));
        EXPECT_EQ(::ftruncate(made.get(), static_cast<off_t>(bytes)), 0);
        const auto then = (sys::now() - age).time_since_epoch().count();
        const timespec times[2]{{then, 0}, {then, 0}};
        EXPECT_EQ(::futimens(made.get(), times), 0);
        return name;
    }
};

TEST_F(EvidenceTest, KeepsOnceWhatIsTheSameUnderItsDigestForRootAlone) {
    ASSERT_OK(store.keep("echo one\n"));
    ASSERT_OK(store.keep("echo one\n"));
    ASSERT_OK(store.keep("echo two\n"));
    EXPECT_THAT(files(),
                testing::UnorderedElementsAre(digest_of("echo one\n"), digest_of("echo two\n")));
    struct stat info {};
    ASSERT_EQ(::stat(file(digest_of("echo one\n")).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0400U);
    ASSERT_EQ(::stat((place / "evidence").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(EvidenceTest, KeepsAPolicysListAndEachOfItsFiles) {
    ASSERT_OK(store.keep(in_force));
    EXPECT_THAT(files(), testing::UnorderedElementsAre(digest_of("host-id a\n"),
                                                       crypto::hex(in_force.digest)));
}

TEST_F(EvidenceTest, RemembersWhichPolicyWasTheLastForBrokersToCome) {
    EXPECT_EQ(store.last_policy().error().code, ENOENT);
    ASSERT_OK(store.keep(policy_of("host-id before\n")));
    ASSERT_OK(store.keep(in_force));
    const auto again = Evidence::open(dir).value();
    const auto last = again.last_policy();
    ASSERT_OK(last);
    EXPECT_EQ(last->texts, in_force.texts);
    struct stat info {};
    ASSERT_EQ(::stat((place / "last-policy").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    const auto text = file(digest_of("host-id a\n"));
    ASSERT_EQ(::chmod(text.c_str(), 0600), 0);
    std::ofstream(text) << "host-id b\n";
    EXPECT_FALSE(again.last_policy()) << "that is not what was in force";
    ASSERT_EQ(::unlink(text.c_str()), 0);
    EXPECT_EQ(again.last_policy().error().code, 0) << "there was one, and it is gone";
}

TEST_F(EvidenceTest, NoOlderPolicyIsTakenForTheLastOne) {
    ASSERT_OK(store.keep(policy_of("host-id before\n")));
    ASSERT_EQ(::mkdir((place / "last-policy.new").c_str(), 0700), 0);
    EXPECT_FALSE(store.keep(in_force));
    EXPECT_EQ(store.last_policy().error().code, ENOENT);
    ASSERT_EQ(::rmdir((place / "last-policy.new").c_str()), 0);
    ASSERT_OK(store.keep(in_force));
    EXPECT_EQ(store.last_policy()->texts, in_force.texts);
}

TEST_F(EvidenceTest, WhatTheDiskDoesNotTakeIsAnErrorAndLeavesNothing) {
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
    const auto kept = store.keep("echo\n");
    const auto policy = store.keep(in_force);
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
    EXPECT_FALSE(kept);
    EXPECT_FALSE(policy);
    EXPECT_THAT(files(), SizeIs(0));
    EXPECT_OK(store.keep(in_force)) << "it was not taken for kept";
    EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(EvidenceTest, WhatACrashLeftHalfWrittenGoesAtTheStart) {
    left_behind(digest_of("x") + ".new", 3, std::chrono::days(0));
    ASSERT_OK(Evidence::open(dir));
    EXPECT_THAT(files(), SizeIs(0));
}

TEST_F(EvidenceTest, BeyondItsSizeWhatWasUsedLongestAgoGoes) {
    const auto half = Evidence::kMostBytes / 2;
    const auto oldest = left_behind("oldest", half, std::chrono::days(3));
    const auto older = left_behind("older", half, std::chrono::days(2));
    const auto young = left_behind("young", half - 4096, std::chrono::days(1));
    auto again = Evidence::open(dir).value();
    ASSERT_OK(again.prune(sys::now(), in_force));
    EXPECT_THAT(files(), Not(Contains(oldest)));
    EXPECT_THAT(files(), Contains(older));
    EXPECT_THAT(files(), Contains(young));
    EXPECT_THAT(files(), Contains(crypto::hex(in_force.digest))) << "it is in force";
}

TEST_F(EvidenceTest, WhatIsUsedAgainIsNotOld) {
    const auto used = left_behind(digest_of("again\n"), 6, std::chrono::days(500));
    const auto old = left_behind("old", 6, std::chrono::days(499));
    auto again = Evidence::open(dir).value();
    ASSERT_OK(again.keep("again\n"));
    ASSERT_OK(again.prune(sys::now(), in_force));
    EXPECT_THAT(files(), Contains(used));
    EXPECT_THAT(files(), Not(Contains(old)));
}

// A clock that is years ahead for an hour costs a few objects and not the store.
TEST_F(EvidenceTest, OnlyAFewGoForTheirAgeAtATime) {
    for (int i = 0; i < 40; ++i) left_behind(std::to_string(i), 1, std::chrono::days(1));
    auto again = Evidence::open(dir).value();
    const auto ahead = sys::now() + std::chrono::days(4000);
    ASSERT_OK(again.prune(ahead, in_force));
    EXPECT_THAT(files(), SizeIs(40 - Evidence::kMostForAge + 2));
    ASSERT_OK(again.prune(ahead, in_force));
    EXPECT_THAT(files(), SizeIs(40 - Evidence::kMostForAge + 2)) << "not before a day has passed";
}

}  // namespace
}  // namespace bulkhead::records
