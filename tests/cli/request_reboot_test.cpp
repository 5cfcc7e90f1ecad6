#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "cli/base/command.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::cli {
namespace {

TEST(RequestReboot, LeavesTheFileThatTheBrokerLooksFor) {
    const test::TempDir place;
    const auto mark = place / "mark";
    ::setenv("BULKHEAD_REBOOT_MARK", mark.c_str(), 1);
    EXPECT_EQ(request_reboot({}), kDone);
    EXPECT_EQ(request_reboot({}), kDone) << "twice is as good as once";
    struct stat info {};
    ASSERT_EQ(::stat(mark.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    ::unsetenv("BULKHEAD_REBOOT_MARK");
}

TEST(RequestReboot, IsNothingOutsideOfAJobOfRoots) {
    ::unsetenv("BULKHEAD_REBOOT_MARK");
    const auto done = request_reboot({});
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().kind, Error::Kind::wrong_input);
    EXPECT_FALSE(request_reboot({"now"}));
}

}  // namespace
}  // namespace bulkhead::cli
