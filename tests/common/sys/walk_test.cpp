#include "common/sys/walk.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/in_run.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::sys {
namespace {

constexpr uid_t kNobody = 65534;

class WalkTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "makes files of root's and of others";
        std::filesystem::create_directories(place_ / "home/bulkhead/policy");
    }
    std::string refusal(const std::string& path) {
        const auto found = walk_to_dir(place_ / path);
        return found ? "" : found.error().what;
    }
    void give_away(const std::string& path) {
        ASSERT_EQ(::chown((place_ / path).c_str(), kNobody, kNobody), 0);
    }
    void open_up(const std::string& path) { ASSERT_EQ(::chmod((place_ / path).c_str(), 0777), 0); }
    // "" or what of `text` follows the path.
    std::string after(const std::string& path, const std::string& text) {
        const auto begin = (place_ / path) + ": ";
        return text.starts_with(begin) ? text.substr(begin.size()) : text;
    }

    test::InRun in_run_;
    test::TempDir place_;
};

// What was asked for, and directories of the agent's with nothing but root's above them.
TEST_F(WalkTest, WhatIsTheAgentsIsMendedByACommand) {
    give_away("home/bulkhead/policy");
    EXPECT_EQ(after("home/bulkhead/policy", refusal("home/bulkhead/policy")),
              "belongs to user 65534; run: chown root " + (place_ / "home/bulkhead/policy"));
    open_up("home/bulkhead");
    EXPECT_EQ(after("home/bulkhead", refusal("home/bulkhead/policy")),
              "others may write to it; run: chmod go-w " + (place_ / "home/bulkhead"));
}

// A command would take it from those whose it is: /home/alice, /tmp of a container.
TEST_F(WalkTest, WhatIsAboveThatIsLeftAsItIs) {
    open_up("home");
    EXPECT_EQ(after("home", refusal("home/bulkhead/policy")),
              "others may write to it; choose a place where only root may");
    give_away("home");
    EXPECT_EQ(after("home", refusal("home/bulkhead/policy")),
              "belongs to user 65534; choose a place where only root may");
    const auto file = walk_to_place(place_ / "home/agent.log");
    ASSERT_FALSE(file);
    EXPECT_EQ(after("home", file.error().what),
              "belongs to user 65534; choose a place where only root may")
        << "the directory of what is to be made";
}

}  // namespace
}  // namespace bulkhead::sys
