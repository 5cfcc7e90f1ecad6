#include "broker/jobs/cgroup.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/broker/jobs/job_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::broker {
namespace {

sys::Dir handle_on(const Cgroup& cgroup) {
    return sys::Dir::open("/proc/self/fd/" + std::to_string(cgroup.fd())).value();
}

struct CgroupTest : CgroupFixture {
    // A process in `cgroup` that runs `act`; the test reaps it.
    static pid_t inside(const Cgroup& cgroup, const std::function<void()>& act) {
        const pid_t child = ::fork();
        if (child != 0) return child;
        const auto procs = handle_on(cgroup).open_at("cgroup.procs", O_WRONLY);
        if (!procs || !sys::write_all(*procs, as_bytes("0"))) ::_exit(99);
        act();
        ::_exit(0);
    }
    static void wait_until(const Cgroup& cgroup, bool populated) {
        for (int round = 0; round < 600 && cgroup.populated().value() != populated; ++round) {
            pollfd change{.fd = cgroup.events().get(), .events = POLLPRI, .revents = 0};
            ::poll(&change, 1, 100);
        }
        ASSERT_EQ(cgroup.populated(), populated);
    }
    static int reap(pid_t child) {
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }
    static long processes(const Cgroup& cgroup) {
        const auto procs = handle_on(cgroup).open_at("cgroup.procs", O_RDONLY).value();
        const auto lines = sys::read_to_end(procs, 4096).value();
        return std::count(lines.begin(), lines.end(), '\n');
    }
    static std::string path_of(const Cgroup& cgroup) {
        std::string path(4096, '\0');
        const auto link = "/proc/self/fd/" + std::to_string(cgroup.fd());
        const auto length = ::readlink(link.c_str(), path.data(), path.size());
        path.resize(static_cast<std::size_t>(length));
        return path;
    }
};

TEST_F(CgroupTest, SaysWhetherAnythingLivesInIt) {
    const auto cgroup = tree->make(JobNumber{1}, {}).value();
    EXPECT_EQ(cgroup.populated(), false);
    const pid_t child = inside(cgroup, [] { ::pause(); });
    wait_until(cgroup, true);
    ASSERT_TRUE(cgroup.kill());
    EXPECT_EQ(WTERMSIG(reap(child)), SIGKILL);
    wait_until(cgroup, false);
}

TEST_F(CgroupTest, TerminateAsksEveryProcess) {
    const auto cgroup = tree->make(JobNumber{1}, {}).value();
    const pid_t first = inside(cgroup, [] { ::pause(); });
    const pid_t second = inside(cgroup, [] { ::pause(); });
    // Both must be in it before they can be asked.
    ASSERT_TRUE(test::eventually([&] { return processes(cgroup) >= 2; }, std::chrono::minutes(1)));
    ASSERT_TRUE(cgroup.terminate());
    EXPECT_EQ(WTERMSIG(reap(first)), SIGTERM);
    EXPECT_EQ(WTERMSIG(reap(second)), SIGTERM);
    wait_until(cgroup, false);
}

TEST_F(CgroupTest, KillTakesATreeThatIgnoresEveryRequest) {
    const auto cgroup = tree->make(JobNumber{1}, {}).value();
    auto ready = sys::make_pipe().value();
    const pid_t child = inside(cgroup, [&] {
        ::signal(SIGTERM, SIG_IGN);
        for (int i = 0; i < 50; ++i) {
            if (::fork() == 0) {
                ::setsid();
                static_cast<void>(sys::write_all(ready.write, as_bytes("x")));
                for (;;) ::pause();
            }
        }
        for (;;) ::pause();
    });
    ready.write.reset();
    for (int i = 0; i < 50; ++i) {
        char one = 0;
        ASSERT_EQ(::read(ready.read.get(), &one, 1), 1);
    }
    ASSERT_TRUE(cgroup.terminate());
    EXPECT_EQ(cgroup.populated(), true) << "they ignore it";
    ASSERT_TRUE(cgroup.kill());
    EXPECT_EQ(WTERMSIG(reap(child)), SIGKILL);
    wait_until(cgroup, false);
    char none = 0;
    EXPECT_EQ(::read(ready.read.get(), &none, 1), 0) << "the last holder of the pipe is gone";
}

TEST_F(CgroupTest, IsRemovedWithWhatIsStillInIt) {
    std::string path;
    pid_t child = 0;
    {
        const auto cgroup = tree->make(JobNumber{7}, {}).value();
        path = path_of(cgroup);
        ASSERT_EQ(::access(path.c_str(), F_OK), 0);
        child = inside(cgroup, [] {
            ::signal(SIGTERM, SIG_IGN);
            for (;;) ::pause();
        });
        wait_until(cgroup, true);
    }
    EXPECT_EQ(WTERMSIG(reap(child)), SIGKILL);
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

// What a killed child had started is nobody's to reap, and ends when this process has left already.
TEST_F(CgroupTest, TheTreeIsRemovedWhenTheLastProcessInItHasEnded) {
    const std::filesystem::path path = path_of(tree->make(JobNumber{1}, {}).value());
    const auto root = path.parent_path().parent_path();
    const auto ours = "/proc/" + std::to_string(::getpid()) + "/cgroup";
    const pid_t child = ::fork();
    if (child == 0) {
        while (test::content_of(ours).find("/agent\n") != std::string::npos) ::sched_yield();
        ::_exit(0);
    }
    tree.reset();
    EXPECT_FALSE(std::filesystem::exists(root));
    EXPECT_EQ(reap(child), 0);
}

TEST_F(CgroupTest, OneNumberIsOneCgroup) {
    const auto cgroup = tree->make(JobNumber{1}, {}).value();
    EXPECT_EQ(tree->make(JobNumber{1}, {}).error().code, EEXIST);
}

TEST_F(CgroupTest, CountsTheProcessorTimeOfAll) {
    const auto cgroup = tree->make(JobNumber{1}, {}).value();
    const pid_t child = inside(cgroup, [] {
        timespec used{};
        while (used.tv_sec == 0 && used.tv_nsec < 20'000'000)
            ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    });
    EXPECT_EQ(reap(child), 0);
    const auto usage = cgroup.usage();
    if (usage.cpu_us == 0) GTEST_SKIP() << "this kernel's cgroup2 counts no processor time";
    EXPECT_GE(usage.cpu_us, 15'000U);
    EXPECT_FALSE(usage.oom_killed);
}

// The root, which alone may hold processes beside controllers that it offers below: the one place
// where two runs can begin one after the other.
void move_to_root_cgroup() {
    std::ifstream mounts("/proc/mounts");
    std::string device, place, kind, rest;
    while (mounts >> device >> place >> kind && kind != "cgroup2") std::getline(mounts, rest);
    const auto procs = sys::Dir::open(place).value().open_at("cgroup.procs", O_WRONLY).value();
    ASSERT_TRUE(sys::write_all(procs, as_bytes("0")));
}

TEST_F(CgroupTest, WhatAnEarlierRunLeftIsKilledAndRemoved) {
    const auto label = "test-again-" + std::to_string(::getpid());
    move_to_root_cgroup();
    auto earlier = CgroupTree::create(label);
    ASSERT_TRUE(earlier);
    std::optional<Cgroup> left(earlier->make(JobNumber{3}, {}).value());
    const auto path = path_of(*left);
    const pid_t child = inside(*left, [] {
        for (;;) ::pause();
    });
    wait_until(*left, true);
    const auto place = earlier->make("worker-main", {}).value();
    auto worker = sandbox::Child::start(0, place.fd(), [] { ::pause(); }).value();
    move_to_root_cgroup();
    auto later = CgroupTree::create(label);
    ASSERT_TRUE(later);
    EXPECT_EQ(WTERMSIG(reap(child)), SIGKILL);
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
    pollfd ended{.fd = worker.pidfd().get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&ended, 1, 60'000), 1) << "a worker that a killed broker left";
}

}  // namespace
}  // namespace bulkhead::broker
