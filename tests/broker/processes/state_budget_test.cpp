#include "broker/processes/state_budget.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "common/base/strong.hpp"
#include "tests/support/poison.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(StateBudget, CountsBlocksAndNotLengths) {
    const auto tree = test::tree({{"a/b/file", std::string(1'000'000, 'x')}, {"small", "x"}});
    const auto whole = space_taken(tree).value();
    EXPECT_GE(whole, 1'000'000U);
    EXPECT_LT(whole, 1'100'000U);
    const auto sparse = tree.open().open_regular("small", O_WRONLY).value();
    ASSERT_EQ(::ftruncate(sparse.get(), off_t{1} << 40), 0);
    EXPECT_LT(space_taken(tree).value(), 1'200'000U);
}

TEST(StateBudget, CountsNothingForEver) {
    for (const auto& poison : test::all_poison()) {
        const test::TempDir place;
        const auto wrong = test::as_worker(place.path(), [&]() -> Result<> {
            poison.lay(place.open(), "x");
            const auto taken = space_taken(place.open());
            return taken ? Result<>() : std::unexpected(taken.error());
        });
        const auto expected = poison.name == "DeepTree"               ? "more than 8 levels"
                              : poison.name == "WideTree"             ? "more than 20,000"
                              : poison.name == "DirectoryWithoutMode" ? "cannot be read"
                              : poison.name == "DirectoryToEnterOnly" ? "cannot be read"
                              : poison.name == "DirectoryToListOnly"  ? "cannot be read"
                                                                      : "";
        const auto is_expected = *expected == '\0' ? wrong.empty() : wrong.contains(expected);
        EXPECT_TRUE(is_expected) << poison.name << ": " << wrong;
        const auto tidy = "chmod -R u+rwx " + place.path() + "; rm -rf " + place.path() + "/*";
        EXPECT_EQ(std::system(tidy.c_str()), 0);
    }
}

class Watched : public testing::Test {
  protected:
    // What it says of a directory with a budget, within its first look.
    std::string of(const test::TempDir& place, std::uint64_t bytes, bool stop_child = false) {
        const auto dir = place.open();
        auto loop = sys::Loop::create().value();
        std::string said;
        std::function<void()> stop = [&] {
            std::ifstream children("/proc/thread-self/children");
            pid_t child = 0;
            if (children >> child) {
                ::kill(child, SIGSTOP);
            } else {
                loop.after(1ms, stop);
            }
        };
        if (stop_child) stop();
        const StateBudget budget(loop, {.user = {65534, 65534},
                                        .state = dir.fd(),
                                        .bytes = bytes,
                                        .over =
                                            [&](const std::string& why) {
                                                said = why;
                                                loop.stop();
                                            },
                                        .patience = 1s});
        loop.after(8s, [&] { loop.stop(); });
        EXPECT_TRUE(loop.run());
        return said;
    }
};

TEST_F(Watched, ItSaysOnlyWhatIsOverTheBudget) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root becomes somebody else";
    const test::TempDir place;
    ASSERT_EQ(::chown(place.path().c_str(), 65534, 65534), 0);
    ASSERT_TRUE(place.open().write_atomic("file", std::string(1'000'000, 'x'), 0600));
    EXPECT_EQ(of(place, 2'000'000), "");
    EXPECT_THAT(of(place, 500'000), HasSubstr("bytes, and its budget is 500000 bytes"));
}

// Root would see it: so it is not root that looks.
TEST_F(Watched, ItLooksWithTheEyesOfTheWorker) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root becomes somebody else";
    const test::TempDir place;
    ASSERT_EQ(::chown(place.path().c_str(), 65534, 65534), 0);
    ASSERT_TRUE(place.open().make_dir("roots", 0700));
    EXPECT_THAT(of(place, 2'000'000), HasSubstr("a directory that cannot be read"));
}

TEST_F(Watched, WhatStopsItIsOverTheBudget) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root becomes somebody else";
    const test::TempDir place;
    ASSERT_EQ(::chown(place.path().c_str(), 65534, 65534), 0);
    const auto dir = place.open();
    for (int i = 0; i < 19'000; ++i) {  // so that it can be met while it counts
        ASSERT_EQ(::mknodat(dir.fd(), std::to_string(i).c_str(), S_IFREG | 0600, 0), 0);
    }
    EXPECT_THAT(of(place, 1ULL << 40, true), HasSubstr("too much to be counted"));
}

}  // namespace
}  // namespace bulkhead::broker
