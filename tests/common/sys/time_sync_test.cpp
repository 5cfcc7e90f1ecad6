#include "common/sys/time_sync.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <array>

#include "tests/support/tree.hpp"

namespace bulkhead::sys {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(KernelSynchronised, IsReadAsTheCallTellsIt) {
    timex reading{};
    if (::syscall(SYS_adjtimex, &reading) < 0) GTEST_SKIP() << "adjtimex(2) is denied here";
    const auto said = kernel_says_synchronised();
    ASSERT_TRUE(said);
    EXPECT_EQ(*said, (reading.status & STA_UNSYNC) == 0);
}

// systemd-timesyncd's directory, below one of root's alone.
class Timesync : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        ASSERT_EQ(::mkdir(path_.c_str(), 0755), 0);
        mark(kNow);
        if (!says()) GTEST_SKIP() << "no directory of root's alone: set TMPDIR=/run";
    }
    void mark(UnixTime touched, mode_t mode = 0644, uid_t owner = 0) {
        const auto file = path_ + "/synchronized";
        ::unlink(file.c_str());
        const auto fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        const timespec time{.tv_sec = touched.time_since_epoch().count(), .tv_nsec = 0};
        const std::array both{time, time};
        ASSERT_EQ(::futimens(fd, both.data()), 0);
        ASSERT_EQ(::fchmod(fd, mode), 0);
        ASSERT_EQ(::fchown(fd, owner, owner), 0);
        ::close(fd);
    }
    bool says(UnixTime now = kNow) const { return timesyncd_says_synchronised(path_, now); }

    static inline const UnixTime kNow = parse_utc("2026-11-30T12:00:00Z").value();
    bulkhead::test::TempDir place_;
    std::string path_ = place_.path() + "/timesync";
};

TEST_F(Timesync, ItsMarkHoldsForAnHourAndNotBeforeItsTime) {
    EXPECT_TRUE(says(kNow + hours(1)));
    EXPECT_FALSE(says(kNow + hours(1) + seconds(1))) << "the clock was set forward since";
    EXPECT_FALSE(says(kNow - seconds(1))) << "the clock was set back since";
}

TEST_F(Timesync, ItsUserOwnsBoth) {
    ASSERT_EQ(::chown(path_.c_str(), 64999, 64999), 0);
    mark(kNow, 0644, 64999);
    EXPECT_TRUE(says());
    mark(kNow, 0644, 64998);
    EXPECT_FALSE(says()) << "somebody else's mark";
}

TEST_F(Timesync, WhatOthersCouldHaveWrittenIsNoMark) {
    mark(kNow, 0666);
    EXPECT_FALSE(says());
    mark(kNow);
    ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
    EXPECT_FALSE(says());
    ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
    ASSERT_EQ(::unlink((path_ + "/synchronized").c_str()), 0);
    EXPECT_FALSE(says());
    ASSERT_EQ(::symlink("/etc/hostname", (path_ + "/synchronized").c_str()), 0);
    EXPECT_FALSE(says());
    ASSERT_EQ(::unlink((path_ + "/synchronized").c_str()), 0);
    ASSERT_EQ(::mkfifo((path_ + "/synchronized").c_str(), 0644), 0);
    EXPECT_FALSE(says());
}

}  // namespace
}  // namespace bulkhead::sys
