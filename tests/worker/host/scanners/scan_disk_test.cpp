#include <gmock/gmock.h>

#include "tests/worker/host/scanners/fake_host.hpp"

namespace bulkhead::worker {
namespace {

using test::told;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct ScanDisk : testing::Test {
    test::FakeHost host;
    FindingsConfig settings;

    std::vector<Finding> findings() { return scan_disk(host.context(settings)).value(); }
    std::vector<std::string> scan(std::vector<Disk> disks) {
        host.systems.disks = std::move(disks);
        return told(findings());
    }
};

TEST_F(ScanDisk, ThresholdsDecideAndTheKeyIsTheMountPoint) {
    EXPECT_THAT(scan({{.path = "/", .used_percent = 89.9},
                      {.path = "/a", .used_percent = 90},
                      {.path = "/b", .used_percent = 94.9, .inodes_used_percent = 95},
                      {.path = "/c", .inodes_used_percent = 90}}),
                ElementsAre("disk.space /a warn", "disk.space /b warn", "disk.inodes /b critical",
                            "disk.inodes /c warn"));
    settings.disk_warn_percent = 101;
    EXPECT_THAT(scan({{.path = "/", .used_percent = 100}}), IsEmpty());
}

TEST_F(ScanDisk, WithoutItsRowTheRootIsJudgedAndTheRowIsNamed) {
    settings.disk_warn_percent = 0;
    settings.disk_critical_percent = 101;
    host.systems = {.disks = {}, .complete = false, .refused = "read-unknown"};
    EXPECT_THAT(told(findings()), ElementsAre("disk.space / warn", "disk.inodes / warn",
                                              "disk.unreadable mounts info"));
    EXPECT_THAT(findings()[2].message, HasSubstr("builtin file-systems 512KiB  # why"));
    host.systems.refused = "read-failed";
    EXPECT_THAT(findings()[2].message, Not(HasSubstr("builtin")));
}

TEST_F(ScanDisk, ARootThatTheBrokerDoesNotTellOfIsJudgedAllTheSame) {
    settings.disk_warn_percent = 0;
    settings.disk_critical_percent = 101;
    EXPECT_THAT(scan({{.path = "/srv"}}), Contains("disk.space / warn"));
}

TEST_F(ScanDisk, ARootThatTheSettingsLeaveOutIsNotJudged) {
    settings.disk_warn_percent = 0;
    settings.mounts.exclude = {"/"};
    EXPECT_THAT(scan({}), IsEmpty());
}

TEST_F(ScanDisk, ThatThereAreMoreIsSaid) {
    host.systems.complete = false;
    EXPECT_THAT(scan({{.path = "/"}, {.path = "/srv", .used_percent = 99}}),
                ElementsAre("disk.space /srv critical", "disk.unreadable mounts info"));
}

TEST_F(ScanDisk, WhatCouldNotBeLookedAtIsNamedWithWhatToDo) {
    host.systems.unseen = {"/mnt/a", "/mnt/b", "/mnt/c", "/mnt/d", "/mnt/e", "/mnt/f"};
    scan({{.path = "/"}});
    const auto found = findings();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0].message,
                AllOf(HasSubstr("/mnt/a, /mnt/b, /mnt/c, /mnt/d, /mnt/e and 1 more"),
                      HasSubstr("mounts.exclude"), Not(HasSubstr("reads.policy"))));
    host.systems.complete = false;
    EXPECT_THAT(findings()[0].message, HasSubstr("give it a larger size"));
}

TEST_F(ScanDisk, ALostBrokerIsAnErrorAndNotAFinding) {
    auto context = host.context(settings);
    context.file_systems = []() -> Result<FileSystems> { return fail("the broker is gone"); };
    EXPECT_FALSE(scan_disk(context));
}

}  // namespace
}  // namespace bulkhead::worker
