#include "broker/requests.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/sys/clock.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace std::chrono_literals;

struct RequestsTest : testing::Test {
    test::TempDir place;
    sys::Dir dir = place.open();

    bool stale_when_written(std::chrono::seconds ago) {
        EXPECT_TRUE(dir.write_atomic("reset-clock", "", 0600));
        const auto time = (sys::now() - ago).time_since_epoch().count();
        const timespec both[2] = {{.tv_sec = time, .tv_nsec = 0}, {.tv_sec = time, .tv_nsec = 0}};
        EXPECT_EQ(::utimensat(dir.fd(), "reset-clock", both, 0), 0);
        return Requests::is_stale(dir, "reset-clock");
    }
};

// The name was listed, and the file is gone when it is looked at.
TEST_F(RequestsTest, OneThatWasTakenBackIsNotServed) {
    ASSERT_FALSE(stale_when_written(0s));
    ASSERT_TRUE(dir.remove_file("reset-clock"));
    EXPECT_TRUE(Requests::is_stale(dir, "reset-clock"));
}

TEST_F(RequestsTest, OneThatNobodyWaitsForAnyMoreIsNotServed) {
    EXPECT_FALSE(stale_when_written(30s));
    EXPECT_TRUE(stale_when_written(2min));
    EXPECT_TRUE(stale_when_written(-2min)) << "by a clock that was set back since";
}

}  // namespace
}  // namespace bulkhead::broker
