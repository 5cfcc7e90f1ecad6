// Root directories that are prepared: used by one job, and by none that would find another host.
#include "broker/jobs/job_place.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "common/base/parse.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/mounts.hpp"
#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using policy::Access;

struct JobPlaceTest : CgroupFixture {
    policy::Profile profile = permissive();
    test::TempDir place;
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    std::optional<PreparedPlaces> places;
    std::uint64_t number = 0;

    void SetUp() override {
        CgroupFixture::SetUp();
        if (!sandbox::has_mount_attributes()) GTEST_SKIP() << "this kernel has no mount_setattr";
        profile.paths = shells();
        profile.namespaces.mount = profile.namespaces.pid = profile.namespaces.net = true;
        profile.private_tmp = true;
        add(Access::write, "/tmp");
    }
    void add(Access access, const std::string& path) {
        profile.paths.push_back(
            {.access = access, .path = path, .if_present = true, .source = {"t.profile", 1, ""}});
    }
    JobPlan plan(std::string_view script = "true") const {
        auto made = plan_of(profile, script);
        made.landlock_abi = sandbox::landlock_abi();
        made.mount_points = place / "roots";
        return made;
    }
    void prepare() {
        places.emplace(loop, log, 10ms, 50ms);
        places->make_for({profile.name},
                         [this](const std::string&) { return Result<JobPlan>(plan()); });
        wait_until_ready();
    }
    // At most as long as it takes to see that the host stands still.
    void wait_until_ready() {
        const auto until = sys::Clock::now() + 20s;
        while (places->ready() == 0 && sys::Clock::now() < until) EXPECT_OK(loop.step(1s));
        EXPECT_EQ(places->ready(), 1U);
    }
    bool takes() { return places->take(plan()).has_value(); }
    std::string said(std::string_view script, const PreparedPlace* prepared) {
        const auto made = plan(script);
        const auto cgroup = tree->make(JobNumber{++number}, {}).value();
        auto out = sys::make_pipe().value();
        auto err = sys::make_pipe().value();
        auto process = JobProcess::spawn(made, cgroup, std::move(out.write), std::move(err.write),
                                         "", prepared);
        if (!process) return process.error().what;
        EXPECT_TRUE(becomes_ready(process->pidfd()));
        const auto status = process->reap().value();
        EXPECT_TRUE(cgroup.kill());
        return status.failed_step + sys::read_to_end(out.read, 1 << 20).value_or("");
    }
};

// The oracle is the view that is made for the job.
TEST_F(JobPlaceTest, WhatIsMountedIsWhatIsMountedInANewOne) {
    prepare();
    const auto mounts = [this](const PreparedPlace* prepared) {
        std::vector<std::string> rows;
        const auto text = said("cat /proc/self/mountinfo", prepared);
        for (const auto& mount : sys::parse_mounts(text)) {
            rows.push_back(std::string(mount.place) + " " + std::string(mount.options) + " " +
                           std::string(mount.type));
        }
        std::ranges::sort(rows);
        return rows;
    };
    const auto prepared = places->take(plan());
    ASSERT_TRUE(prepared);
    const auto rows = mounts(&*prepared);
    EXPECT_GT(rows.size(), 5U);
    EXPECT_EQ(rows, mounts(nullptr));
}

TEST_F(JobPlaceTest, IsUsedOnceAndMadeAnew) {
    prepare();
    const auto first = places->take(plan());
    ASSERT_TRUE(first);
    EXPECT_FALSE(takes()) << "there is none until one is made";
    EXPECT_EQ(said("echo x >/tmp/left; ls /tmp; ls /job/script | wc -l", &*first), "left\n1\n");
    wait_until_ready();
    const auto second = places->take(plan());
    ASSERT_TRUE(second);
    EXPECT_EQ(said("ls /tmp; ls /job/script | wc -l", &*second), "1\n");
}

TEST_F(JobPlaceTest, OnlyTheJobsOwnProcessesAreInItsProc) {
    prepare();
    const auto prepared = places->take(plan());
    ASSERT_TRUE(prepared);
    EXPECT_EQ(said("cd /proc; echo [0-9]*; mount -t proc proc /proc 2>/dev/null || echo kept",
                   &*prepared),
              "1 2\nkept\n");
}

TEST_F(JobPlaceTest, IsThrownAwayWhenAFileOfARowIsAnother) {
    const auto file = place / "passwd";
    const auto link = place / "resolv.conf";
    const auto target = place / "target";
    const auto absent = place / "absent";
    const auto directory = place / "directory";
    const auto dir = place.open();
    const auto write = [&](const char* name) { ASSERT_TRUE(dir.write_atomic(name, "x\n", 0644)); };
    for (const char* name : {"passwd", "target", "other"}) write(name);
    ASSERT_EQ(::mkdir(directory.c_str(), 0755), 0);
    ASSERT_EQ(::symlink("target", link.c_str()), 0);
    for (const auto& path : {file, link, absent, directory}) add(Access::read, path);
    const auto relink = [&](const char* to) {
        ASSERT_EQ(::unlink(link.c_str()), 0);
        ASSERT_EQ(::symlink(to, link.c_str()), 0);
    };
    const std::pair<const char*, std::function<void()>> changes[] = {
        {"nothing", [] {}},
        {"a file is replaced", [&] { write("passwd"); }},
        {"the target of a symlink is replaced", [&] { write("target"); }},
        {"a symlink leads elsewhere", [&] { relink("other"); }},
        {"a symlink is made anew", [&] { relink("other"); }},
        {"what was absent is there", [&] { write("absent"); }},
        {"it is gone again", [&] { ASSERT_EQ(::unlink(absent.c_str()), 0); }},
        {"a directory is replaced",
         [&] {
             ASSERT_EQ(::rename(directory.c_str(), (directory + ".old").c_str()), 0);
             ASSERT_EQ(::mkdir(directory.c_str(), 0755), 0);
         }},
    };
    prepare();
    for (const auto& [what, change] : changes) {
        change();
        EXPECT_EQ(takes(), std::string_view(what) == "nothing") << what;
        wait_until_ready();
    }
    ASSERT_TRUE(sys::Dir::open(directory)->write_atomic("within", "x\n", 0644));
    EXPECT_TRUE(takes()) << "what is beneath a row is the host's, as it is now";
}

TEST_F(JobPlaceTest, IsThrownAwayWhenTheHostMountsOrUnmounts) {
    EXPECT_EQ(test::forked([&]() -> std::string {
                  ::unshare(CLONE_NEWNS);
                  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
                  prepare();
                  if (!takes()) return "none was there";
                  wait_until_ready();
                  const auto where = place / "mounted";
                  ::mkdir(where.c_str(), 0755);
                  ::mount("tmpfs", where.c_str(), "tmpfs", 0, "");
                  if (takes()) return "it was kept over a mount";
                  wait_until_ready();
                  ::umount2(where.c_str(), 0);
                  // Without being asked: what it holds can be ejected.
                  for (int i = 0; i < 100 && places->ready() > 0; ++i) {
                      static_cast<void>(loop.step(100ms));
                  }
                  return places->ready() > 0 ? "it was kept over an unmount" : "";
              }),
              "");
}

TEST_F(JobPlaceTest, IsThrownAwayWithItsPolicyAndForOtherAccounts) {
    prepare();
    profile.user = "daemon";
    EXPECT_FALSE(takes()) << "another account";
    wait_until_ready();
    places->make_for({}, [this](const std::string&) { return Result<JobPlan>(plan()); });
    EXPECT_EQ(places->ready(), 0U);
    EXPECT_FALSE(takes()) << "another policy";
}

TEST_F(JobPlaceTest, IsNotMadeWhereSomethingIsLeftOut) {
    profile.namespaces.mount = false;
    EXPECT_FALSE(prepare_place(plan())) << "no view";
}

}  // namespace
}  // namespace bulkhead::broker
