#include "common/view/worker_view.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "broker/processes/confined_process.hpp"
#include "tests/broker/processes/stand_in.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/kernel.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"

namespace bulkhead::broker {
namespace {

using namespace view;

namespace fs = std::filesystem;
using policy::Access;

struct WorkerViewTest : testing::Test {
    test::TempDir place;
    std::vector<policy::PathRule> rows;

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root to make mounts";
        add("/proc");
        if (!test::kernel_makes_views()) GTEST_SKIP() << "this kernel has no mount_setattr";
        const auto able = try_view(rows);
        ASSERT_OK(able);
    }
    void add(const std::string& path, bool if_present = false, Access access = Access::read) {
        rows.push_back({.access = access, .path = path, .if_present = if_present, .source = {}});
    }
    // What `act` says in the view of `rows`.
    std::string inside(const std::function<std::string()>& act) const {
        return test::forked([&]() -> std::string {
            if (::unshare(CLONE_NEWNS) != 0) return "no mount namespace";
            const auto done = narrow_view(rows, fresh_proc().value());
            return done ? act() : done.error().what;
        });
    }
    static std::string listed(const fs::path& path) {
        std::vector<std::string> names;
        std::error_code failed;
        for (const auto& entry : fs::directory_iterator(path, failed)) {
            names.push_back(entry.path().filename());
        }
        std::sort(names.begin(), names.end());
        std::string text;
        for (const auto& name : names) text += name + " ";
        return text;
    }
};

TEST_F(WorkerViewTest, HoldsTheRowsAndNothingElse) {
    add("/etc/passwd");
    add("/etc/ssl", true);
    add("/no/such/place", true);
    EXPECT_EQ(inside([] { return listed("/"); }), "etc proc ");
    EXPECT_EQ(inside([]() -> std::string {
                  return ::access("/etc/passwd", R_OK) == 0 && ::access("/etc/shadow", F_OK) != 0 &&
                                 ::access("/root", F_OK) != 0 && ::access("/home", F_OK) != 0
                             ? "so"
                             : "not so";
              }),
              "so");
}

TEST_F(WorkerViewTest, AMissingRowIsAnErrorThatNamesIt) {
    add("/no/such/place");
    EXPECT_EQ(inside([] { return "made"; }), "/no/such/place: No such file or directory");
}

TEST_F(WorkerViewTest, RootItselfCanChangeNothingInIt) {
    ASSERT_TRUE(place.open().write_atomic("file", "before", 0666));
    add(place.path());
    const auto path = place / "file";
    EXPECT_EQ(inside([&]() -> std::string {
                  const sys::Fd file(::open(path.c_str(), O_WRONLY));
                  const int on_file = errno;
                  const bool made = ::mkdir("/new", 0700) == 0;
                  return std::string(file || made ? "changed" : ::strerror(on_file));
              }),
              "Read-only file system");
    EXPECT_EQ(inside([&] { return place.open().read_file("file", 100).value_or("gone"); }),
              "before");
}

TEST_F(WorkerViewTest, ARowToWriteIsWritableAndTheHosts) {
    add(place.path(), false, Access::write);
    EXPECT_EQ(inside([&]() -> std::string {
                  return ::mkdir((place / "made").c_str(), 0700) == 0 ? "made" : "not";
              }),
              "made");
    EXPECT_EQ(::access((place / "made").c_str(), F_OK), 0);
}

TEST_F(WorkerViewTest, NoProgramRunsFromIt) {
    for (const char* path : {"/bin", "/lib", "/lib64", "/usr"}) add(path, true);
    EXPECT_EQ(inside([]() -> std::string {
                  ::execl("/usr/bin/true", "true", nullptr);
                  return ::strerror(errno);
              }),
              "Permission denied");
}

TEST_F(WorkerViewTest, ASymlinkStaysOneAndLeadsOn) {
    const auto dir = place.open();
    ASSERT_TRUE(dir.write_atomic("target", "through the link", 0644));
    fs::create_symlink("target", place / "link");
    fs::create_symlink("nowhere", place / "dangling");
    add(place / "link");
    add(place / "dangling");
    EXPECT_EQ(inside([&] {
                  std::error_code failed;
                  return fs::read_symlink(place / "link", failed).string() + " " +
                         fs::read_symlink(place / "dangling", failed).string() + " " +
                         listed(place.path());
              }),
              "target nowhere dangling link target ");
}

TEST_F(WorkerViewTest, ARowBeneathAnAbsoluteSymlinkIsInTheViewToo) {
    const auto dir = place.open();
    ASSERT_TRUE(dir.make_dir("real", 0755)->make_dir("below", 0755));
    ASSERT_TRUE(dir.open_dir("real")->open_dir("below")->write_atomic("file", "shown", 0644));
    fs::create_symlink(place / "real", place / "link");
    add(place / "link");
    add(place / "link/below");
    const auto path = place / "link/below";
    EXPECT_EQ(inside([&] {
                  // A mount of its own, at the place where the link leads to in the view.
                  const auto text = sys::Dir::open("/proc/self")->read_file("mountinfo", 65536);
                  const bool own = text->find(" " + (place / "real/below") + " ") != text->npos;
                  return listed(path) + (own ? "mounted" : "not mounted");
              }),
              "file mounted");
}

TEST_F(WorkerViewTest, AFileThatIsReplacedInAShownDirectoryIsShown) {
    ASSERT_TRUE(place.open().write_atomic("resolv.conf", "old", 0644));
    add(place.path());
    const auto host = place.open();
    const auto seen = test::forked([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0) return "no mount namespace";
        if (!narrow_view(rows, fresh_proc().value())) return "no view";
        // Through a handle from outside, as if somebody else replaced it.
        if (!host.write_atomic("resolv.conf", "new", 0644)) return "cannot replace it";
        return place.open().read_file("resolv.conf", 100).value_or("gone");
    });
    EXPECT_EQ(seen, "new");
}

TEST_F(WorkerViewTest, WhatIsMountedBeneathARowIsNotShown) {
    ASSERT_TRUE(place.open().make_dir("below", 0755));
    add(place.path());
    EXPECT_EQ(test::forked([&]() -> std::string {
                  if (::unshare(CLONE_NEWNS) != 0) return "no mount namespace";
                  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
                  const auto below = place / "below";
                  ::mount("tmpfs", below.c_str(), "tmpfs", 0, nullptr);
                  ::mkdir((below + "/secret").c_str(), 0755);
                  if (!narrow_view(rows, fresh_proc().value())) return "no view";
                  return listed(below) + "empty";
              }),
              "empty");
}

TEST_F(WorkerViewTest, ProcShowsTheHostsFiguresAndNobodyElsesProcesses) {
    EXPECT_EQ(
        inside([]() -> std::string {
            if (::setresgid(64123, 64123, 64123) != 0 || ::setresuid(64123, 64123, 64123) != 0) {
                return "still root";
            }
            for (const char* file : {"stat", "meminfo", "loadavg", "uptime", "net/dev"}) {
                if (::access(("/proc/" + std::string(file)).c_str(), R_OK) != 0) return file;
            }
            if (::access("/proc/self/status", R_OK) != 0) return "not even itself";
            return ::access("/proc/1", F_OK) == 0 ? "sees init" : "so";
        }),
        "so");
}

TEST_F(WorkerViewTest, ADetachedDirectoryHasNoWayUp) {
    const auto dir = place.open();
    ASSERT_TRUE(dir.make_dir("state", 0700));
    ASSERT_TRUE(dir.write_atomic("secret", "of others", 0600));
    const auto state = dir.open_dir("state").value();
    const auto alone = detached(state).value();
    // Not with Dir, which refuses ".." by itself.
    EXPECT_GE(sys::Fd(::openat(state.fd(), "../secret", O_RDONLY)).get(), 0);
    EXPECT_LT(sys::Fd(::openat(alone.fd(), "../secret", O_RDONLY)).get(), 0);
    ASSERT_TRUE(alone.write_atomic("kept", "x", 0600));
    EXPECT_EQ(state.read_file("kept", 10), "x") << "it is the same directory";
    ASSERT_TRUE(alone.make_dir("job", 0700)->write_atomic("a", "b", 0600));
    EXPECT_TRUE(alone.remove_tree("job"));
}

// Of the real thing: a worker is moved while it runs, and keeps what it had open.
TEST_F(WorkerViewTest, ARunningWorkerIsMovedFromOutside) {
    auto plan = test::sleeping_plan();
    plan.own_view = true;
    auto worker = ConfinedProcess::spawn(plan).value();
    // As a real one, it has its libraries by then: it sleeps.
    test::wait_for_exec(worker.pid());
    const auto proc = sys::Dir::open("/proc/" + std::to_string(worker.pid())).value();
    const auto sleeps = [&] {
        return proc.read_file("status", 65536).value_or("").find("State:\tS") != std::string::npos;
    };
    ASSERT_TRUE(test::eventually(sleeps, std::chrono::minutes(1)));
    EXPECT_EQ(require_narrow(worker.pid(), rows).error().kind, Error::Kind::differs)
        << "it still has the host's";
    const auto closed = worker.close_view(rows);
    ASSERT_OK(closed);
    EXPECT_EQ(listed("/proc/" + std::to_string(worker.pid()) + "/root"), "proc ");
    EXPECT_EQ(listed("/proc/" + std::to_string(worker.pid()) + "/cwd"), "proc ");
    EXPECT_TRUE(worker.close_view(rows)) << "once is enough";
    EXPECT_EQ(::access("/etc/passwd", F_OK), 0) << "and we have not moved";
}

TEST_F(WorkerViewTest, AWorkerThatDiesAtOnceIsAnErrorAndNoHang) {
    auto plan = test::sleeping_plan();
    plan.program = -1;
    plan.own_view = true;
    EXPECT_TRUE(ConfinedProcess::spawn(plan)) << "it dies after it has handed over";
}

}  // namespace
}  // namespace bulkhead::broker
