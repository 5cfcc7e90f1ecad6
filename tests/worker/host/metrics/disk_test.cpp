#include "worker/host/metrics/disk.hpp"

#include <gtest/gtest.h>

#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

TEST(Disk, CountsReservedBlocksAsNeitherUsedNorFree) {
    const struct statvfs figures {
        .f_bsize = 1 << 20, .f_frsize = 4096, .f_blocks = 1000, .f_bfree = 400, .f_bavail = 200,
        .f_files = 200, .f_ffree = 150
    };
    const auto disk = disk_of("/srv", figures);
    EXPECT_EQ(disk.path, "/srv");
    EXPECT_EQ(disk.total_bytes, 1000U * 4096);
    EXPECT_EQ(disk.used_bytes, 600U * 4096);
    EXPECT_DOUBLE_EQ(disk.used_percent, 75);
    EXPECT_DOUBLE_EQ(disk.inodes_used_percent, 25);
}

TEST(Disk, WithoutBlocksOrInodesIsNotDividedByZero) {
    const auto disk = disk_of("/proc", {});
    EXPECT_EQ(disk.used_percent, 0);
    EXPECT_EQ(disk.inodes_used_percent, 0);
}

TEST(Disk, IsReadThroughTheHandleAndNotThroughThePath) {
    const test::TempDir place;
    const auto disk = read_disk(place.open().duplicate().value(), "/no/such/path");
    ASSERT_OK(disk);
    EXPECT_GT(disk->total_bytes, 0U);
    EXPECT_GE(disk->total_bytes, disk->used_bytes);
    EXPECT_GE(disk->used_percent, 0);
    EXPECT_LE(disk->used_percent, 100);
}

}  // namespace
}  // namespace bulkhead::worker
