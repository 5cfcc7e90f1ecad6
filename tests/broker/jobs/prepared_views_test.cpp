// Root directories that are prepared: used by one job, and by none that would find another host.
#include "broker/jobs/prepared_views.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "broker/jobs/prepared_view.hpp"
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

struct PreparedViewsTest : CgroupFixture {
    policy::Profile profile = permissive();
    test::TempDir place;
    sys::Loop loop = sys::Loop::create().value();
    sys::Log log{"test", -1};
    PreparedViews::Pace pace{.idle = 10ms, .still = 50ms};
    std::optional<PreparedViews> views;
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
        views.emplace(loop, log, pace);
        views->make_for({profile.name},
                        [this](const std::string&) { return Result<JobPlan>(plan()); });
        wait_until_ready();
    }
    // At most as long as it takes to see that the host stands still.
    void wait_until_ready() {
        const auto until = sys::Clock::now() + 20s;
        while (views->ready() == 0 && sys::Clock::now() < until) EXPECT_OK(loop.step(1s));
        EXPECT_EQ(views->ready(), 1U);
    }
    bool takes() { return views->take(plan()) != nullptr; }
    std::string said(std::string_view script, const PreparedView* prepared) {
        const auto made = plan(script);
        const auto cgroup = tree->make(JobNumber{++number}, {}).value();
        auto out = sys::make_pipe().value();
        auto err = sys::make_pipe().value();
        auto process = JobProcess::spawn(made, cgroup, std::move(out.write), std::move(err.write),
                                         "", prepared);
        if (!process) return process.error().what;
        process->let_go();
        EXPECT_TRUE(becomes_ready(process->pidfd()));
        const auto status = process->reap().value();
        EXPECT_TRUE(cgroup.kill());
        return status.failed_step + sys::read_to_end(out.read, 1 << 20).value_or("");
    }
};

// The oracle is the view that is made for the job.
TEST_F(PreparedViewsTest, WhatIsMountedIsWhatIsMountedInANewOne) {
    prepare();
    const auto mounts = [this](const PreparedView* prepared) {
        std::vector<std::string> rows;
        const auto text = said("cat /proc/self/mountinfo", prepared);
        for (const auto& mount : sys::parse_mounts(text)) {
            rows.push_back(std::string(mount.place) + " " + std::string(mount.options) + " " +
                           std::string(mount.type));
        }
        std::ranges::sort(rows);
        return rows;
    };
    const auto prepared = views->take(plan());
    ASSERT_TRUE(prepared);
    const auto rows = mounts(prepared.get());
    EXPECT_GT(rows.size(), 5U);
    EXPECT_EQ(rows, mounts(nullptr));
}

TEST_F(PreparedViewsTest, IsUsedOnceAndMadeAnew) {
    prepare();
    const auto first = views->take(plan());
    ASSERT_TRUE(first);
    EXPECT_FALSE(takes()) << "there is none until one is made";
    EXPECT_EQ(said("echo x >/tmp/left; ls /tmp; ls /job/script | wc -l", first.get()), "left\n1\n");
    wait_until_ready();
    const auto second = views->take(plan());
    ASSERT_TRUE(second);
    EXPECT_EQ(said("ls /tmp; ls /job/script | wc -l", second.get()), "1\n");
}

TEST_F(PreparedViewsTest, OnlyTheJobsOwnProcessesAreInItsProc) {
    prepare();
    const auto prepared = views->take(plan());
    ASSERT_TRUE(prepared);
    EXPECT_EQ(said("cd /proc; echo [0-9]*; mount -t proc proc /proc 2>/dev/null || echo kept",
                   prepared.get()),
              "1 2\nkept\n");
}

TEST_F(PreparedViewsTest, IsThrownAwayWhenAFileOfARowIsAnother) {
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

TEST_F(PreparedViewsTest, IsThrownAwayWhenTheHostMountsOrUnmounts) {
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
                  for (int i = 0; i < 100 && views->ready() > 0; ++i) {
                      static_cast<void>(loop.step(100ms));
                  }
                  return views->ready() > 0 ? "it was kept over an unmount" : "";
              }),
              "");
}

TEST_F(PreparedViewsTest, IsThrownAwayWithItsPolicyAndForOtherAccounts) {
    prepare();
    profile.user = "daemon";
    EXPECT_FALSE(takes()) << "another account";
    wait_until_ready();
    const auto prepared = views->take(plan());
    ASSERT_TRUE(prepared);
    auto of_now = plan();
    EXPECT_TRUE(prepared->still_is_of(of_now));
    of_now.mount_points += "-of-another-policy";
    EXPECT_FALSE(prepared->still_is_of(of_now)) << "also where nobody has called make_for()";
    wait_until_ready();
    views->make_for({profile.name}, [this](const std::string&) { return Result<JobPlan>(plan()); });
    EXPECT_EQ(views->ready(), 0U) << "another policy";
}

TEST_F(PreparedViewsTest, IsNotMadeWhereSomethingIsLeftOut) {
    const auto made = [](const JobPlan& plan) {
        auto preparation = Preparation::start(plan);
        return preparation ? preparation->finish().has_value() : false;
    };
    ASSERT_TRUE(made(plan()));
    auto on_tmpfs = plan();
    on_tmpfs.mount_points = "";
    EXPECT_FALSE(made(on_tmpfs)) << "what is left out is told to the job";
    profile.namespaces.mount = false;
    EXPECT_FALSE(made(plan())) << "no view";
}

// A FUSE whose server reads nothing, like a server of files that is gone. Its mount is there before
// anything is prepared.
TEST_F(PreparedViewsTest, AFileSystemThatDoesNotAnswerHoldsNobodyUp) {
    if (!fs::exists("/dev/fuse")) GTEST_SKIP() << "needs FUSE";
    const auto dead = place / "dead";
    ASSERT_EQ(::mkdir(dead.c_str(), 0755), 0);
    ASSERT_EQ(::symlink((dead + "/file").c_str(), (place / "leads-there").c_str()), 0);
    const auto held_up_by = [&](const std::string& row) {
        add(Access::read, row);
        return test::forked([&]() -> std::string {
            ::unshare(CLONE_NEWNS);
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
            const sys::Fd fuse(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
            const auto options =
                "fd=" + std::to_string(fuse.get()) + ",rootmode=40000,user_id=0,group_id=0";
            if (::mount("dead", dead.c_str(), "fuse", 0, options.c_str()) != 0) return "no FUSE";
            pace.patience = 1500ms;
            views.emplace(loop, log, pace);
            views->make_for({profile.name},
                            [this](const std::string&) { return Result<JobPlan>(plan()); });
            int turns = 0;
            std::function<void()> turn = [&] {
                ++turns;
                loop.after(50ms, turn);
            };
            turn();
            const auto until = sys::Clock::now() + 20s;
            while (views->is_making() && sys::Clock::now() < until) {
                if (!loop.step(1s)) return "the loop failed";
            }
            if (views->is_making()) return "it is being made for ever";
            if (views->ready() > 0) return "it was made";
            return turns > 5 ? "" : "the loop stood still";
        });
    };
    EXPECT_EQ(held_up_by(dead), "");
    profile.paths.pop_back();
    EXPECT_EQ(held_up_by(place / "leads-there"), "");
}

TEST_F(PreparedViewsTest, HoldsNoDescriptorOfOneThatIsUsedOrThrownAway) {
    const auto open_now = [] {
        return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
    };
    prepare();
    const auto with_one = open_now();
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(takes());
        EXPECT_LT(open_now(), with_one);
        wait_until_ready();
        EXPECT_EQ(open_now(), with_one);
    }
}

}  // namespace
}  // namespace bulkhead::broker
