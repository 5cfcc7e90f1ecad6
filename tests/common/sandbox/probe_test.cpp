// What a host lacks is told with the line that asks for it.
#include "common/sandbox/probe.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::sandbox {
namespace {

using policy::Access;
using testing::HasSubstr;
using testing::IsEmpty;

policy::Profile sound() {
    policy::Profile profile;
    profile.name = "p";
    profile.user = "root";
    profile.group = "root";
    profile.private_tmp = false;
    profile.namespaces.mount = true;
    return profile;
}

policy::PathRule row(Access access, std::string path, bool if_present = false) {
    return {.access = access,
            .path = std::move(path),
            .if_present = if_present,
            .source = {"profiles/p.profile", 7, "why", 9}};
}

TEST(Probe, OfASoundProfileHasNothingToSay) {
    auto profile = sound();
    profile.paths = {row(Access::read, "/"), row(Access::read, "/absent", true)};
    const auto probe = probe_profile(profile, {"landlock", "mdwe"});
    EXPECT_EQ(probe.unusable, "");
    EXPECT_THAT(probe.remarks, IsEmpty());
}

TEST(Probe, NamesTheWallAndSinceWhichKernel) {
    EXPECT_EQ(
        probe_profile(sound(), {"job-view"}).unusable,
        "needs a root directory of its own (mount_setattr(2), Linux 5.12), and this host lacks "
        "job-view");
    auto profile = sound();
    profile.require.push_back({"landlock", {}});
    EXPECT_THAT(probe_profile(profile, {"landlock"}).unusable, HasSubstr("Linux 5.13"));
    profile.require.clear();
    profile.without.push_back({"landlock", {}});
    EXPECT_EQ(probe_profile(profile, {"landlock"}).unusable, "");
}

// The setting is of the user namespace that asks, so a child has one to turn off.
TEST(Probe, NamesUserNamespacesThatAreTurnedOff) {
    const auto said = test::forked([]() -> std::string {
        auto profile = sound();
        profile.user = "nobody";
        profile.capabilities = 2;
        if (::unshare(CLONE_NEWUSER) != 0) return "skip";
        const auto before = probe_profile(profile, {}).unusable;
        const auto setting = sys::Dir::open("/proc/sys/user");
        if (!setting) return "skip";
        const auto file = setting->open_at("max_user_namespaces", O_WRONLY);
        if (!file || !sys::write_all(*file, as_bytes("0"))) return "skip";
        return before + "|" + probe_profile(profile, {}).unusable;
    });
    if (said == "skip") GTEST_SKIP() << "no user namespace of its own";
    EXPECT_EQ(said, "|needs user namespaces, and user.max_user_namespaces is 0");
    auto profile = sound();
    profile.capabilities = 2;
    EXPECT_EQ(probe_profile(profile, {}).unusable, "") << "root's capabilities are not mapped";
}

TEST(Probe, NamesAccountsThatAreNotThere) {
    auto profile = sound();
    profile.user = "nosuchuser";
    profile.groups = {"root", "nosuchgroup"};
    const auto why = probe_profile(profile, {}).unusable;
    EXPECT_THAT(why, HasSubstr("there is no user nosuchuser"));
    EXPECT_THAT(why, HasSubstr("there is no group nosuchgroup"));
    EXPECT_THAT(why, Not(HasSubstr("group root")));
}

TEST(Probe, NamesRowsThatLeadNowhereWithLineAndColumn) {
    auto profile = sound();
    profile.paths = {row(Access::read, "/absent")};
    EXPECT_EQ(probe_profile(profile, {}).unusable,
              "profiles/p.profile:7:9: /absent: is not there; make it, or write: if-present");
    profile.paths = {row(Access::write, "/var/tmp")};
    profile.private_tmp = true;
    EXPECT_EQ(probe_profile(profile, {}).unusable, "");
}

TEST(Probe, NamesRowsOfTheWrongKind) {
    const auto tree = test::tree({{"file", ""}});
    auto profile = sound();
    profile.paths = {row(Access::devices, tree.path() + "/file")};
    EXPECT_THAT(probe_profile(profile, {}).unusable,
                HasSubstr("/file: is a regular file, and \"devices\" is for nodes"));
    profile.paths = {row(Access::devices, tree.path())};
    EXPECT_EQ(probe_profile(profile, {}).unusable, "");
    profile.paths = {row(Access::remove, tree.path() + "/file")};
    EXPECT_THAT(probe_profile(profile, {}).unusable, HasSubstr("/file: is no directory"));
}

TEST(MappedIds, AreGivenByFileSystemsThatKnowThem) {
    for (const auto* kernel : {"5.12.0", "6.1.0-13-amd64", "6.18.44"}) {
        EXPECT_TRUE(maps_ids_of(EXT4_SUPER_MAGIC, kernel));
        EXPECT_FALSE(maps_ids_of(OVERLAYFS_SUPER_MAGIC, kernel));
        EXPECT_FALSE(maps_ids_of(NFS_SUPER_MAGIC, kernel));
        EXPECT_FALSE(maps_ids_of(0x65735546, kernel));
    }
    EXPECT_FALSE(maps_ids_of(TMPFS_MAGIC, "6.1.0-13-amd64"));
    EXPECT_FALSE(maps_ids_of(TMPFS_MAGIC, "6.2.16"));
    EXPECT_FALSE(maps_ids_of(TMPFS_MAGIC, "5.19-rc3"));
    EXPECT_TRUE(maps_ids_of(TMPFS_MAGIC, "6.3-rc1"));
    EXPECT_TRUE(maps_ids_of(TMPFS_MAGIC, "6.12.117"));
    EXPECT_TRUE(maps_ids_of(TMPFS_MAGIC, "7.0.0"));
}

// Overlay is where many containers have their root directory.
TEST(MappedIds, OfARowThatHasNoneLeaveItOutAndTheProfileWithNoOtherUnusable) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounts an overlay";
    const test::TempDir top;
    for (const auto* name : {"lower", "upper", "work", "merged", "plain"}) {
        std::filesystem::create_directory(top / name);
    }
    const auto said = test::forked([&]() -> std::string {
        const auto options =
            "lowerdir=" + top / "lower" + ",upperdir=" + top / "upper" + ",workdir=" + top / "work";
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("overlay", (top / "merged").c_str(), "overlay", 0, options.c_str()) != 0) {
            return "skip";
        }
        auto profile = sound();
        profile.user = "nobody";
        profile.capabilities = 2;
        profile.paths = {row(Access::remove, top / "merged")};
        const auto alone = probe_profile(profile, {});
        profile.paths.push_back(row(Access::remove, top / "plain"));
        const auto beside = probe_profile(profile, {});
        return alone.unusable + "|" + beside.unusable + "|" +
               (beside.remarks.empty() ? "" : beside.remarks[0]);
    });
    if (said == "skip") GTEST_SKIP() << "no overlay here";
    EXPECT_EQ(said,
              "no row to write or remove is left: none can be mounted with mapped ids||"
              "profiles/p.profile:7:9: " +
                  top / "merged" + ": left out: its file system cannot be mounted with mapped ids");
}

}  // namespace
}  // namespace bulkhead::sandbox
