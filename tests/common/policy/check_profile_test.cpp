// What --check-policy says of one profile's rows and walls.
#include "common/policy/check_profile.hpp"

#include <gmock/gmock.h>

#include "common/policy/parse.hpp"
#include "common/policy/trusted_places.hpp"

using namespace bulkhead;
using namespace bulkhead::policy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace {

SeccompList list(std::string_view text) {
    auto list = parse_seccomp("seccomp/s.seccomp", text).value();
    list.name = "s";
    return list;
}

const SeccompList kStrict = list("default errno EPERM  # why\n");

// An unprivileged account, in a view of its own.
Profile with(std::vector<PathRule> rows, std::uint64_t capabilities = 0) {
    Profile profile;
    profile.name = "p";
    profile.user = "nobody";
    profile.capabilities = capabilities;
    profile.namespaces.mount = true;
    profile.private_tmp = false;
    profile.require.push_back({"id-map", {}});
    profile.paths = std::move(rows);
    return profile;
}

PathRule row(Access access, std::string path) {
    return {.access = access,
            .path = std::move(path),
            .if_present = false,
            .source = {"profiles/p.profile", 7, "why"}};
}

std::vector<std::string> remarks(const Profile& profile, const SeccompList& calls = kStrict) {
    std::vector<std::string> lines;
    for (const auto& one : check_rows(profile, calls)) {
        lines.push_back((one.error ? "error " : "warning ") + one.where + ": " + one.text);
    }
    return lines;
}

std::vector<std::string> written(const std::string& path) {
    return remarks(with({row(Access::write, path)}));
}

}  // namespace

TEST(TrustedPlaces, AreWarnedOfWithTheirBeliever) {
    EXPECT_THAT(written("/var/cache/apt/archives"),
                ElementsAre("warning profiles/p.profile:7: who may write to "
                            "/var/cache/apt/archives is root before long: it is trusted by apt, "
                            "which installs packages from there"));
    const std::pair<const char*, const char*> cases[] = {{"/etc/nginx", "sudo, PAM, cron, systemd"},
                                                         {"/etc/sudoers.d/x", "by sudo, which"},
                                                         {"/etc/profile.d", "every login shell"},
                                                         {"/usr/lib/systemd/system", "everybody"},
                                                         {"/run/systemd/system", "systemd"},
                                                         {"/var/spool/cron/crontabs", "cron"},
                                                         {"/var/lib/dpkg/info", "dpkg"},
                                                         {"/var/cache/man", "man-db"},
                                                         {"/home/deploy/.ssh", "sshd"},
                                                         {"/home/deploy", "/home/*/.ssh by sshd"},
                                                         {"/run/docker.sock", "docker"},
                                                         {"/var/run/docker.sock", "docker"},
                                                         {"/var/lib/app", "daemons"},
                                                         {"/boot/grub", "the boot loader"},
                                                         {"/dev/sda", "raw disks"},
                                                         {"/proc/sys", "the kernel"},
                                                         {"/var/log/app", "rsyslog"},
                                                         {"/var/cache", "/var/cache/apt by apt"},
                                                         {"/", "beneath it are trusted /usr"}};
    for (const auto& [path, who] : cases) {
        EXPECT_THAT(written(path), ElementsAre(HasSubstr(who))) << path;
        EXPECT_THAT(remarks(with({row(Access::devices, path)})), ElementsAre(HasSubstr(who)));
        EXPECT_THAT(remarks(with({row(Access::read, path)})), IsEmpty());
        EXPECT_THAT(remarks(with({row(Access::execute, path)})), IsEmpty());
    }
}

TEST(TrustedPlaces, AreNotEverywhere) {
    for (const auto* path :
         {"/srv", "/srv/www", "/home/deploy/app", "/var/cache/nginx", "/etcetera", "/usrlocal",
          "/dev/null", "/dev/shm", "/run/lock", "/mnt/data"}) {
        EXPECT_THAT(written(path), IsEmpty()) << path;
    }
}

TEST(TrustedPlaces, OfAWideRowAreNamedInPart) {
    EXPECT_THAT(written("/var"), ElementsAre(testing::ContainsRegex(
                                     "beneath it are trusted /var/[^;]*; /var/[^;]*; /var/[^;]*; "
                                     "and [0-9]+ places more")));
}

TEST(TrustedPlaces, ThatAreOpenToAllConcernOnlyCapabilities) {
    EXPECT_THAT(written("/var/tmp"), IsEmpty());
    EXPECT_THAT(remarks(with({row(Access::write, "/var/tmp")}, 2)),
                ElementsAre(HasSubstr("root's")));
    auto profile = with({row(Access::write, "/tmp"), row(Access::write, "/var/tmp")}, 2);
    profile.private_tmp = true;
    EXPECT_THAT(remarks(profile), IsEmpty()) << "its own";
}

TEST(TrustedPlaces, AreNoNewsToRoot) {
    auto profile = with({row(Access::write, "/"), row(Access::devices, "/dev")}, 2);
    profile.user = "root";
    EXPECT_THAT(remarks(profile), IsEmpty());
}

TEST(TrustedPlaces, AreLessOfAMatterToDeleteFrom) {
    const auto removed = [](const char* path) {
        return remarks(with({row(Access::remove, path)}, 2));
    };
    EXPECT_THAT(
        removed("/etc"),
        ElementsAre("warning profiles/p.profile:7: to delete in /etc can be an attack: it "
                    "is trusted by sudo, PAM, cron, systemd, ld.so and nearly every daemon"));
    EXPECT_THAT(removed("/var/lib/dpkg"), ElementsAre(HasSubstr("can be an attack")));
    EXPECT_THAT(removed("/var/lib"), ElementsAre(HasSubstr("can be an attack")));
    EXPECT_THAT(removed("/var/log"), ElementsAre(HasSubstr("/var/log/bulkhead by this agent")));
    for (const auto* path : {"/tmp", "/var/tmp", "/var/cache/apt", "/var/cache/man",
                             "/var/log/nginx", "/var/lib/systemd/coredump", "/var/crash", "/srv"}) {
        EXPECT_THAT(removed(path), IsEmpty()) << path;
    }
}

TEST(Walls, ThatAProfileGaveUpAreTold) {
    auto profile = with({});
    profile.without.push_back({"landlock", {"profiles/p.profile", 9, "kernels of 2019"}});
    EXPECT_THAT(
        remarks(profile),
        ElementsAre("warning profiles/p.profile:9: its jobs run where Landlock (Linux 5.13, "
                    "and enabled at boot) is lacking, too: kernels of 2019"));
}

TEST(Capabilities, ThatOnceReachedFurtherAreToldToTheirOldProfile) {
    auto profile = with({row(Access::write, "/srv/cache")}, 2);
    EXPECT_THAT(remarks(profile), IsEmpty()) << "it requires id-map, and so knows";
    profile.require.clear();
    EXPECT_THAT(
        remarks(profile),
        ElementsAre(StartsWith("warning profiles/p.profile: its capabilities end at its rows "
                               "now, by a user namespace and ID-mapped mounts")));
    profile.paths[0].access = Access::remove;
    EXPECT_THAT(remarks(profile), IsEmpty());
    profile.paths[0].access = Access::write;
    profile.capabilities = 0;
    EXPECT_THAT(remarks(profile), IsEmpty());
}

TEST(RowsThatDelete, WantAListThatLetsNothingElseBeDone) {
    const auto profile = with({row(Access::remove, "/srv/old")});
    EXPECT_THAT(remarks(profile), IsEmpty());
    const auto found = remarks(profile, list("default errno EPERM  # why\n"
                                             "allow truncate if arg1 is 0  # why\n"
                                             "log chmod  # why\n"
                                             "kill fchown  # why\n"));
    EXPECT_THAT(found, ElementsAre("warning profiles/p.profile:7: a row \"remove\" lets files be "
                                   "deleted and no more, but seccomp/s.seccomp lets through chmod, "
                                   "truncate; deny each there without a condition: errno EPERM "
                                   "CALL  # why"));
    EXPECT_THAT(remarks(profile, list("default errno EPERM  # why\n"
                                      "allow utimensat if arg1 null  # what it has open\n")),
                IsEmpty());
    EXPECT_THAT(remarks(profile, list("default errno EPERM  # why\n"
                                      "allow utimensat if arg1 not-in 0  # any file\n")),
                ElementsAre(HasSubstr("lets through utimensat")));
    const auto half = remarks(profile, list("default allow  # why\n"
                                            "errno EPERM chmod if arg1 has 0x800  # set-user-id\n"
                                            "errno EPERM chown  # why\n"));
    EXPECT_THAT(half, ElementsAre(HasSubstr("lets through chmod, fchmod")));
    EXPECT_THAT(half, testing::Not(ElementsAre(HasSubstr(" chown,"))));
    EXPECT_THAT(remarks(with({row(Access::write, "/srv/old")}), list("default allow  # why\n")),
                IsEmpty());
}
