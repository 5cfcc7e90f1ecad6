#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/support/tree.hpp"
#include "tests/worker/findings/fake_host.hpp"
#include "worker/findings/mounts.hpp"

namespace bulkhead::worker {
namespace {

using test::told;
using testing::ElementsAre;
using testing::IsEmpty;

std::string mount(const std::string& device, const std::string& at, const std::string& type,
                  const std::string& source, const std::string& options = "rw") {
    return "36 35 " + device + " / " + at + " rw,noatime master:1 - " + type + " " + source + " " +
           options + "\n";
}

TEST(Mounts, LocalWritableFileSystemsCountOnceByTheirShortestPath) {
    EXPECT_THAT(parse_mounts(mount("8:1", "/var/lib/docker/x", "ext4", "/dev/sda1") +
                             mount("8:1", "/", "ext4", "/dev/sda1") +
                             mount("8:2", "/srv/a\\040b", "xfs", "/dev/mapper/vg-srv") +
                             mount("0:30", "/tank", "zfs", "tank")),
                ElementsAre("/", "/srv/a b", "/tank"));
}

TEST(Mounts, WhatCannotFillUpOrMayHangIsLeftOut) {
    EXPECT_THAT(parse_mounts(mount("0:5", "/proc", "proc", "proc") +
                             mount("0:6", "/mnt/nfs", "nfs4", "server:/export") +
                             mount("0:7", "/mnt/ssh", "fuse.sshfs", "/dev/fuse") +
                             mount("7:1", "/snap/core", "squashfs", "/dev/loop1") +
                             mount("11:0", "/cdrom", "iso9660", "/dev/sr0") +
                             mount("8:3", "/usr", "ext4", "/dev/sda3", "ro,relatime") +
                             mount("0:8", "/run", "tmpfs", "tmpfs")),
                IsEmpty());
    EXPECT_THAT(parse_mounts(mount("0:9", "/", "overlay", "overlay")), ElementsAre("/"));
}

TEST(Mounts, LinesThatAreNotUnderstoodArePassedOver) {
    EXPECT_THAT(parse_mounts(""), IsEmpty());
    EXPECT_THAT(
        parse_mounts("-\n- - -\n36 35 8:1 / /a - ext4\n36 35 8:1 / / rw - ext4 /dev/a rw\n"),
        ElementsAre("/"));
    EXPECT_THAT(parse_mounts(mount("8:1", "/a\\0", "ext4", "/dev/a")), ElementsAre("/a\\0"));
}

struct ScanDisk : testing::Test {
    test::FakeHost host;
    FindingsConfig settings;
    const test::Tree root = test::tree({{"srv/x", ""}, {"a file", ""}});
    const std::string mountinfo = std::to_string(::getpid()) + "/mountinfo";

    std::vector<std::string> scan(const std::string& text) {
        const auto proc = test::tree({{mountinfo, text}});
        return told(scan_disk({root, proc, host, settings, {}}).value());
    }
};

TEST_F(ScanDisk, ThresholdsDecideAndTheKeyIsTheMountPoint) {
    const auto mounts = mount("8:1", "/", "ext4", "/dev/a") + mount("8:2", "/srv", "xfs", "/dev/b");
    settings.disk_warn_percent = 0;
    settings.disk_critical_percent = 101;
    EXPECT_THAT(scan(mounts), ElementsAre("disk.space / warn", "disk.inodes / warn",
                                          "disk.space /srv warn", "disk.inodes /srv warn"));
    settings.disk_critical_percent = 0;
    EXPECT_THAT(scan(mounts), testing::Contains("disk.inodes /srv critical"));
    settings.disk_warn_percent = 101;
    EXPECT_THAT(scan(mounts), IsEmpty());
}

TEST_F(ScanDisk, AMountedFileOrOneThatIsGoneIsNoFinding) {
    settings.disk_warn_percent = 0;
    EXPECT_THAT(scan(mount("8:1", "/a\\040file", "ext4", "/dev/a") +
                     mount("8:2", "/gone", "ext4", "/dev/b")),
                IsEmpty());
}

TEST_F(ScanDisk, WithoutAListOfMountsItSaysSo) {
    EXPECT_THAT(told(scan_disk({root, root, host, settings, {}}).value()),
                ElementsAre("disk.unreadable mounts info"));
}

}  // namespace
}  // namespace bulkhead::worker
