// What a job finds in the root directory that is made for it, and what its capabilities reach.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "broker/jobs/prepared_view.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/walls.hpp"
#include "common/view/root.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;
using policy::Access;
using testing::HasSubstr;

// Each test twice: with a view that is made at the job's start, and with one that was prepared.
struct JobViewTest : CgroupFixture, testing::WithParamInterface<bool> {
    policy::Profile profile = permissive();
    test::TempDir place;
    std::uint64_t number = 0;
    bool steady = true;  // nothing is left out, so a view of it can be prepared

    void SetUp() override {
        CgroupFixture::SetUp();
        if (!sandbox::has_mount_attributes()) GTEST_SKIP() << "this kernel has no mount_setattr";
        profile.paths = shells();
        profile.namespaces.mount = true;
        profile.limits.memory = 64 << 20;
    }
    std::string add(Access access, const std::string& path) {
        profile.paths.push_back({.access = access, .path = path, .source = {"t.profile", 1, ""}});
        return path;
    }
    JobPlan plan(std::string_view script) const {
        auto made = plan_of(profile, script);
        made.landlock_abi = sandbox::landlock_abi();
        made.mount_points = place / "roots";
        return made;
    }
    // What the script says; what failed before it; what was left out.
    std::string said(const JobPlan& made) {
        const auto cgroup = tree->make(JobNumber{++number}, {}).value();
        auto out = sys::make_pipe().value();
        auto err = sys::make_pipe().value();
        std::optional<PreparedView> prepared;
        if (GetParam()) {
            auto preparation = Preparation::start(made);
            auto view = preparation ? preparation->finish() : fail(preparation.error().what);
            if (view.has_value() != steady) {
                return view ? "it was prepared" : "not prepared: " + view.error().what;
            }
            if (view) prepared = *std::move(view);
        }
        auto process = JobProcess::spawn(made, cgroup, std::move(out.write), std::move(err.write),
                                         "", prepared ? &*prepared : nullptr);
        if (!process) return process.error().what;
        process->let_go();
        EXPECT_TRUE(becomes_ready(process->pidfd()));
        const auto status = process->reap().value();
        EXPECT_TRUE(cgroup.kill());
        std::string remarks;
        for (const auto& sentence : status.remarks) remarks += sentence;
        return status.failed_step + remarks + sys::read_to_end(out.read, 65536).value_or("");
    }
    std::string said(std::string_view script) { return said(plan(script)); }
    // With mounts of the test's own, which go with it.
    static std::string in_own_mounts(const std::function<std::string()>& act) {
        return test::forked([&]() -> std::string {
            if (::unshare(CLONE_NEWNS) != 0) return "no mount namespace";
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
            return act();
        });
    }
    // Others' files in a tree, of which a job with capabilities may be given the leave to delete.
    void fill(const std::string& where) const {
        for (const char* name : {"root", "secret", "user"}) {
            ASSERT_TRUE(sys::Dir::open(where)->write_atomic(name, "content\n", 0600));
        }
        ASSERT_EQ(::chown((where + "/user").c_str(), 70000, 70000), 0);
        ASSERT_EQ(::mkdir((where + "/below").c_str(), 0700), 0);
        ASSERT_TRUE(sys::Dir::open(where + "/below")->write_atomic("deep", "content\n", 0600));
    }
    void let_remove(const std::string& where) {
        profile.capabilities =
            sandbox::capability(CAP_DAC_OVERRIDE) | sandbox::capability(CAP_FOWNER);
        add(Access::remove, where);
    }
    bool maps_ids() const {
        struct statfs figures {};
        return ::statfs(place.path().c_str(), &figures) == 0 && figures.f_type == 0xEF53;
    }
};

TEST_P(JobViewTest, HoldsTheRowsWhatEveryScriptExpectsAndNothingElse) {
    const auto listed = said("ls -A /; echo; ls -A /dev /job /run");
    EXPECT_EQ(listed,
              "bin\ndev\netc\njob\nlib\nlib64\nproc\nrun\nusr\nvar\n\n"
              "/dev:\nfd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\nurandom\nzero\n\n"
              "/job:\nclosed\nhome\nscript\n\n/run:\nlock\n");
}

TEST_P(JobViewTest, DevicesWorkAndKeepTheirModes) {
    profile.user = profile.group = "root";
    EXPECT_EQ(said("echo x >/dev/null && chmod 0 /dev/null; stat -c %a /dev/null; head -c4 "
                   "/dev/random | wc -c; "
                   "echo x >/dev/full || echo full"),
              "666\n4\nfull\n");
}

TEST_P(JobViewTest, PrivatePlacesAreBoundedAndSayEnospc) {
    profile.private_tmp = true;
    add(Access::write, "/tmp");
    EXPECT_THAT(
        said("head -c 60m /dev/zero >/tmp/x || echo full; df -k --output=size /tmp | tail -1"),
        testing::MatchesRegex("full\n *32768\n"));
    EXPECT_EQ(said("echo a >/dev/shm/a && echo b >/run/lock/b && echo c >/job/home/c && cat "
                   "/dev/shm/a /run/lock/b /job/home/c; stat -c '%U %a' /job/home"),
              "a\nb\nc\nnobody 700\n");
}

TEST_P(JobViewTest, FiguresOfTheRootDirectoryAreThoseOfTheHosts) {
    const auto made = plan("stat -f -c '%T %b' /");
    struct statfs figures {};
    ASSERT_EQ(::statfs("/", &figures), 0);
    EXPECT_THAT(said(made), testing::EndsWith(" " + std::to_string(figures.f_blocks) + "\n"));
}

TEST_P(JobViewTest, AMountMadeDuringTheJobDoesNotComeIn) {
    const auto row = add(Access::read, place.path());
    ASSERT_EQ(::mkdir((row + "/later").c_str(), 0755), 0);
    EXPECT_EQ(in_own_mounts([&]() -> std::string {
                  // Shared, as systemd makes them: where propagation could come from.
                  ::mount("tmpfs", row.c_str(), "tmpfs", 0, "");
                  ::mount(nullptr, row.c_str(), nullptr, MS_SHARED, nullptr);
                  ::mkdir((row + "/later").c_str(), 0755);
                  auto made =
                      plan("echo ready; read line <" + row + "/go; ls " + row + "/later; echo end");
                  ::mkfifo((row + "/go").c_str(), 0644);
                  const auto cgroup = tree->make(JobNumber{++number}, {}).value();
                  auto out = sys::make_pipe().value();
                  auto process = JobProcess::spawn(made, cgroup, std::move(out.write),
                                                   sys::make_pipe().value().write);
                  process->let_go();
                  char ready[6];
                  if (::read(out.read.get(), ready, sizeof ready) != 6) return "not ready";
                  ::mount("tmpfs", (row + "/later").c_str(), "tmpfs", 0, "");
                  ::mknod((row + "/later/disk").c_str(), S_IFBLK | 0666, makedev(7, 0));
                  static_cast<void>(sys::write_all(sys::Fd(::open((row + "/go").c_str(), O_WRONLY)),
                                                   as_bytes("go\n")));
                  becomes_ready(process->pidfd());
                  return sys::read_to_end(out.read, 1000).value_or("?");
              }),
              "end\n");
}

TEST_P(JobViewTest, ARowToReadHoldsWhatIsMountedThereAndOneToWriteDoesNot) {
    ASSERT_EQ(::mkdir((place / "r").c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((place / "w").c_str(), 0755), 0);
    for (const char* name : {"r/below", "w/below"})
        ASSERT_EQ(::mkdir((place / name).c_str(), 0755), 0);
    add(Access::read, place / "r");
    add(Access::write, place / "w");
    EXPECT_EQ(in_own_mounts([&]() -> std::string {
                  for (const char* name : {"r/below", "w/below"}) {
                      ::mount("tmpfs", (place / name).c_str(), "tmpfs", 0, "");
                      ::mkdir((place / name + "/" + name[0]).c_str(), 0755);
                      ::mknod((place / name + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3));
                  }
                  return said("cd " + place.path() +
                              "; ls r/below w/below; cat r/below/null || echo no device");
              }),
              "r/below:\nnull\nr\n\nw/below:\nno device\n");
}

TEST_P(JobViewTest, AFileSystemThatDoesNotAnswerIsLeftOutAndTold) {
    if (!fs::exists("/dev/fuse")) GTEST_SKIP() << "needs FUSE";
    steady = false;
    const auto row = add(Access::read, place.path());
    const auto dead = place / "dead";
    ASSERT_EQ(::mkdir(dead.c_str(), 0755), 0);
    EXPECT_EQ(in_own_mounts([&]() -> std::string {
                  // Nobody reads what it is asked.
                  const sys::Fd fuse(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
                  const auto options =
                      "fd=" + std::to_string(fuse.get()) + ",rootmode=40000,user_id=0,group_id=0";
                  if (::mount("dead", dead.c_str(), "fuse", 0, options.c_str()) != 0) return "no";
                  return said("echo ran");
              }),
              "left out " + dead + ": fuse did not answer within a second" + "ran\n");
}

// In a container lxcfs has the container's figures there, and an engine hides some files.
TEST_P(JobViewTest, WhatIsMountedOverFilesOfProcIsInAProcOfTheJobsOwn) {
    profile.namespaces.pid = true;
    add(Access::read, "/proc");
    ASSERT_TRUE(sys::Dir::open(place.path())->write_atomic("uptime", "123.45 6\n", 0644));
    EXPECT_EQ(in_own_mounts([&]() -> std::string {
                  const auto file = place / "uptime";
                  for (const auto& [from, to] : {std::pair{file.c_str(), "/proc/uptime"},
                                                 {"/dev/null", "/proc/timer_list"}}) {
                      if (::mount(from, to, nullptr, MS_BIND, nullptr) != 0) return "no mount";
                  }
                  return said(
                      "cat /proc/uptime /proc/timer_list; "
                      "echo x 2>/dev/null >/proc/uptime || echo read-only");
              }),
              "123.45 6\nread-only\n");
}

// Whoever removes a directory takes away what others have mounted on it (rmdir(2)).
TEST_P(JobViewTest, WhatIsMountedBeneathATreeToRemoveFromStaysMounted) {
    if (!maps_ids()) GTEST_SKIP() << "this file system has no ID-mapped mounts";
    for (const char* name : {"tree", "tree/directory"}) {
        ASSERT_EQ(::mkdir((place / name).c_str(), 0777), 0);
    }
    ASSERT_TRUE(place.open().write_atomic("tree/file", "", 0666));
    let_remove(place / "tree");
    EXPECT_EQ(in_own_mounts([&]() -> std::string {
                  const auto directory = place / "tree/directory";
                  const auto file = place / "tree/file";
                  ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "");
                  ::mkdir((directory + "/of-the-host").c_str(), 0755);
                  ::mount("/etc/passwd", file.c_str(), nullptr, MS_BIND, nullptr);
                  auto text = said("rm -rf " + directory + " " + file + " && echo gone; echo end");
                  if (::access((directory + "/of-the-host").c_str(), F_OK) != 0) text += "detached";
                  struct stat info {};
                  if (::stat(file.c_str(), &info) != 0 || info.st_size == 0) text += "detached";
                  return text;
              }),
              "end\n");
}

// Others may choose where they mount; a line of a name must not be taken for the job's end.
TEST_P(JobViewTest, AnOddNameOfAMountIsOneLineOfTheReport) {
    if (!fs::exists("/dev/fuse")) GTEST_SKIP() << "needs FUSE";
    steady = false;
    add(Access::read, place.path());
    const auto dead = place / "odd\n=0\n!x";
    ASSERT_EQ(::mkdir(dead.c_str(), 0755), 0);
    EXPECT_EQ(in_own_mounts([&]() -> std::string {
                  const sys::Fd fuse(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
                  const auto options =
                      "fd=" + std::to_string(fuse.get()) + ",rootmode=40000,user_id=0,group_id=0";
                  if (::mount("dead", dead.c_str(), "fuse", 0, options.c_str()) != 0) return "no";
                  return said("echo ran");
              }),
              "left out " + (place / "odd\\x0a=0\\x0a!x") +
                  ": fuse did not answer within a second" + "ran\n");
}

TEST_P(JobViewTest, NothingInATreeIsADevice) {
    const auto row = add(Access::write, place.path());
    ASSERT_EQ(::mknod((row + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    ASSERT_EQ(::chmod((row + "/null").c_str(), 0666), 0);
    EXPECT_EQ(said("echo x >" + row + "/null || echo no device"), "no device\n");
}

TEST_P(JobViewTest, DeletesOthersFilesInItsTreesAndNowhereElse) {
    if (!maps_ids()) GTEST_SKIP() << "this file system has no ID-mapped mounts";
    ASSERT_EQ(::mkdir((place / "tree").c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((place / "beside").c_str(), 0700), 0);
    fill(place / "tree");
    fill(place / "beside");
    ASSERT_EQ(::chmod(place.path().c_str(), 0777), 0);
    let_remove(place / "tree");
    add(Access::read, place / "beside");
    EXPECT_EQ(said("cd " + (place / "tree") +
                   "; stat -c '%u %a' root user; rm -r root user below && ls; " + "ls " +
                   (place / "beside") + " || rm -rf " + (place / "beside") + " || echo kept"),
              "0 600\n70000 600\nsecret\nkept\n");
    EXPECT_NE(::access((place / "tree/root").c_str(), F_OK), 0) << "gone on the host";
    EXPECT_EQ(::access((place / "beside/below/deep").c_str(), F_OK), 0);
}

TEST_P(JobViewTest, DoesNothingButDeleteInATreeToRemoveFrom) {
    if (!maps_ids()) GTEST_SKIP() << "this file system has no ID-mapped mounts";
    if (sandbox::landlock_abi() < 1) GTEST_SKIP() << "this kernel has no Landlock";
    const auto where = place / "tree";
    ASSERT_EQ(::mkdir(where.c_str(), 0777), 0);
    fill(where);
    ASSERT_EQ(::chmod(where.c_str(), 0777), 0);
    let_remove(where);
    // What is held by the profile's list of system calls is tried with the shipped profile.
    EXPECT_EQ(
        said("cd " + where +
             "; for try in 'cat secret' 'echo x >secret' 'echo x >new' 'mkdir new' 'mv secret new'"
             " 'ln secret new' 'ln -s a new' 'mkfifo new' 'mknod new c 1 3'; do"
             " eval \"$try\" && echo \"$try: done\"; done; ls; rm secret; ls"),
        "below\nroot\nsecret\nuser\nbelow\nroot\nuser\n");
}

TEST_P(JobViewTest, WithoutAViewAndLandlockItsCapabilitiesStillEndAtItsTrees) {
    if (!maps_ids()) GTEST_SKIP() << "this file system has no ID-mapped mounts";
    fill(place.path());
    let_remove(place.path());
    add(Access::write, "/var/log");
    auto made = plan(
        "id -u; rm -f /etc/shadow; cat /etc/shadow; chmod 777 /usr; echo x >/etc/new; "
        "echo x >/proc/sys/kernel/hostname; echo end");
    made.landlock_abi = 0;
    const auto text = said(made);
    EXPECT_EQ(::access("/etc/shadow", F_OK), 0);
    EXPECT_EQ(text, "65534\nend\n");
}

TEST_P(JobViewTest, ATreeThatKnowsNoIdMapIsLeftOutAndToldAndTheLastOneIsAnError) {
    steady = false;
    ASSERT_EQ(::mkdir((place / "overlay").c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((place / "plain").c_str(), 0755), 0);
    let_remove(place / "overlay");
    const auto with_overlay = [&](const std::function<std::string()>& act) {
        return in_own_mounts([&]() -> std::string {
            const auto over = place / "overlay";
            if (::mount("overlay", over.c_str(), "overlay", 0, "lowerdir=/usr/share:/usr/lib") !=
                0) {
                return "no overlay";
            }
            return act();
        });
    };
    const auto left = with_overlay([&] { return said("echo ran"); });
    if (left == "no overlay") GTEST_SKIP() << "this kernel has no overlayfs";
    EXPECT_THAT(left, HasSubstr("no row to write or remove in is left"));
    EXPECT_THAT(left, HasSubstr("overlay knows no ID-mapped mounts"));
    if (!maps_ids()) return;
    add(Access::remove, place / "plain");
    EXPECT_EQ(
        with_overlay([&] { return said("echo ran"); }),
        "left out remove " + (place / "overlay") + ": overlay knows no ID-mapped mounts" + "ran\n");
}

TEST_P(JobViewTest, JobsOfOneUserAreCountedApartInUserNamespacesOfTheirOwn) {
    profile.user = "64779:64779";
    profile.group = "64779";
    profile.limits.pids = 8;
    auto made = plan("for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done 2>/dev/null; jobs -p | wc -l");
    made.limit_pids_by_user = true;
    made.user_space = view::IdMap::everybody;
    const auto first = said(made);
    const auto cgroup = tree->make(JobNumber{++number}, {}).value();
    auto out = sys::make_pipe().value();
    made.script = sys::sealed_memfd(
                      "job", as_bytes("for i in 1 2 3 4 5 6; do sleep 60 & done; echo up; wait"))
                      .value();
    auto other =
        JobProcess::spawn(made, cgroup, std::move(out.write), sys::make_pipe().value().write);
    ASSERT_OK(other);
    other->let_go();
    char up[3];
    ASSERT_EQ(::read(out.read.get(), up, sizeof up), 3);
    made.script =
        sys::sealed_memfd("job", as_bytes("for i in 1 2 3 4 5; do sleep 1 & done; echo all"))
            .value();
    EXPECT_EQ(said(made), "all\n") << "beside the other's seven";
}

TEST_P(JobViewTest, ADeviceRowOnAFileIsRefusedWithItsPlace) {
    steady = false;
    ASSERT_TRUE(place.open().write_atomic("file", "", 0644));
    profile.paths.push_back(
        {.access = Access::devices,
         .path = place / "file",
         .source = {.file = "profiles/t.profile", .line = 7, .reason = "", .column = 9}});
    EXPECT_THAT(said("echo ran"), HasSubstr("profiles/t.profile:7:9: " + (place / "file") +
                                            " is neither a device nor a directory; write: write "));
}

INSTANTIATE_TEST_SUITE_P(Views, JobViewTest, testing::Bool(), [](const auto& one) {
    return std::string(one.param ? "Prepared" : "MadeAtTheStart");
});

}  // namespace
}  // namespace bulkhead::broker
