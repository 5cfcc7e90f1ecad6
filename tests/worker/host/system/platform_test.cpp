#include "worker/host/system/platform.hpp"

#include <gtest/gtest.h>

#include "tests/support/tree.hpp"

namespace bulkhead::worker {
namespace {

std::string platform_of(test::Tree::Files files) {
    const auto root = test::tree(files);
    const auto platform = read_platform(root, OsRelease{.id = "other", .version_id = "7"});
    return platform.name + " " + platform.version;
}

TEST(Platform, IsNamedByItsReleaseFile) {
    EXPECT_EQ(platform_of({{"etc/debian_version", "12.11\n"}}), "debian 12.11");
    EXPECT_EQ(platform_of({{"etc/alpine-release", "3.20.1\n"}}), "alpine 3.20.1");
    EXPECT_EQ(platform_of({{"etc/arch-release", "x\n"}}), "arch ");
    EXPECT_EQ(platform_of({{"etc/oracle-release", "Oracle Linux Server release 9.4\n"}}),
              "oracle 9.4");
    EXPECT_EQ(platform_of({{"etc/slackware-version", "Slackware 15.0\n"}}), "slackware 15.0");
    EXPECT_EQ(
        platform_of({{"etc/redhat-release", "Red Hat Enterprise Linux release 9.4 (Plow)\n"}}),
        "redhat 9.4");
    EXPECT_EQ(platform_of({{"etc/redhat-release", "Rocky Linux release 9.4 (Blue Onyx)\n"}}),
              "rocky 9.4");
    EXPECT_EQ(platform_of({{"etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n"}}),
              "centos 7.9.2009");
    EXPECT_EQ(platform_of({{"etc/redhat-release", "Fedora release 42 (Rawhide)\n"}}),
              "fedora rawhide");
    EXPECT_EQ(platform_of({{"etc/system-release", "Amazon Linux release 2023.4 (x)\n"}}),
              "amazon 2023.4");
    EXPECT_EQ(platform_of({{"etc/gentoo-release", "Gentoo Base System release 2.15\n"}}),
              "gentoo 2.15");
    EXPECT_EQ(platform_of({{"etc/SuSE-release",
                            "SUSE Linux Enterprise 11\nVERSION = 11\nPATCHLEVEL = 4\n"}}),
              "suse 11.4");
    EXPECT_EQ(platform_of({{"etc/SuSE-release", "openSUSE 13.2\nVERSION = 13.2\n"}}),
              "opensuse 13.2");
}

TEST(Platform, OfADebianFamilyIsNamedByLsbRelease) {
    EXPECT_EQ(platform_of({{"etc/debian_version", "bookworm/sid\n"},
                           {"etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n"}}),
              "ubuntu 22.04");
    EXPECT_EQ(platform_of({{"etc/debian_version", "bookworm/sid\n"},
                           {"etc/lsb-release", "DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=\"21\"\n"}}),
              "linuxmint 21");
    EXPECT_EQ(platform_of({{"etc/debian_version", "12.1\n"},
                           {"etc/lsb-release", "DISTRIB_ID=Kali\nDISTRIB_RELEASE=2024\n"}}),
              "debian 12.1");
}

TEST(Platform, TheFirstFileThatIsNotEmptyDecides) {
    EXPECT_EQ(platform_of({{"etc/oracle-release", "Oracle Linux Server release 8.9\n"},
                           {"etc/redhat-release", "Red Hat Enterprise Linux release 8.9\n"}}),
              "oracle 8.9");
    EXPECT_EQ(platform_of({{"etc/debian_version", ""}, {"etc/alpine-release", "3.20\n"}}),
              "alpine 3.20");
}

TEST(Platform, WithoutAnyReleaseFileIsWhatOsReleaseSays) {
    EXPECT_EQ(platform_of({}), "other 7");
    EXPECT_EQ(platform_of({{"etc/redhat-release", "\xff\xfe\n"}}), "other 7");
}

TEST(Platform, ALinkIsFollowedButNeverOutOfTheRoot) {
    const auto root = test::tree({{"etc/rocky-release", "Rocky Linux release 9.4 (x)\n"}});
    root.link("etc/redhat-release", "rocky-release");
    EXPECT_EQ(read_platform(root, {}).name, "rocky");

    const auto outside = test::tree({{"file", "Outside release 1\n"}});
    const auto trap = test::tree({{"etc/x", "x"}});
    trap.link("etc/redhat-release", outside.path() + "/file");
    trap.link("etc/system-release", "../../../../../../.." + outside.path() + "/file");
    EXPECT_EQ(read_platform(trap, {}).name, "linux");
}

}  // namespace
}  // namespace bulkhead::worker
