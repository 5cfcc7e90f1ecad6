// A worker that is killed again and again, at every system call and in between, must deliver every
// byte exactly once and name the digest of all of them.
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "common/base/strong.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/state/spool/fixture.hpp"

namespace bulkhead::worker {
namespace {

// What outlives the worker: the backend, and whether it is done. Shared by fork.
struct Outside {
    HeldJob held;
    std::atomic<std::uint64_t> steps = 0;
    std::atomic<bool> done = false;
};

struct Unmap {
    void operator()(Outside* outside) const { ::munmap(outside, sizeof *outside); }
};
std::unique_ptr<Outside, Unmap> shared_outside() {
    void* memory =
        ::mmap(nullptr, sizeof(Outside), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return std::unique_ptr<Outside, Unmap>(new (memory) Outside);
}

struct Scene {
    std::uint64_t seed;
    std::array<std::uint64_t, 2> totals;
    std::uint64_t output_max;
    SpoolLimits limits{.job_bytes = 1_MiB, .total_bytes = 1_MiB};
};

void wait_for_output(const SpoolJob& job, const WritingJob& writer) {
    std::array<pollfd, 2> pipes{};
    for (const auto which : {Output::out, Output::err}) {
        auto& entry = pipes[static_cast<std::size_t>(which)];
        entry = {job.ended(which) ? -1 : writer.pipe(which).get(), POLLIN, 0};
    }
    ::poll(pipes.data(), pipes.size(), -1);
}

// The worker's part: take, upload, acknowledge in random order until everything is delivered.
Result<> work(const test::TempDir& state, const Scene& scene, const WritingJob& writer,
              Outside& outside, std::uint64_t random_seed) {
    std::mt19937_64 random(random_seed);
    auto spool = TRY(Spool::open(state.open(), scene.limits));
    if (!spool.problems().empty()) return std::unexpected(spool.problems()[0]);
    auto* job = spool.find(JobNumber{1});
    if (job == nullptr) job = TRY(spool.create(JobNumber{1}, {.output_max = scene.output_max}));
    while (!job->delivered()) {
        const auto which = random() % 2 == 0 ? Output::out : Output::err;
        const auto taken = TRY(job->take(which, writer.pipe(which)));
        if (taken.stop == Taken::Stop::end && !job->ended(which)) TRY(job->end(which));
        bool sent = false;
        for (auto chunks = random() % 4; chunks > 0; --chunks) {
            const auto side = random() % 2 == 0 ? Output::out : Output::err;
            sent = TRY(upload(*job, side, outside.held, 1 + random() % 300'000)) || sent;
        }
        ++outside.steps;
        const bool more = job->next_chunk(Output::out, 1) || job->next_chunk(Output::err, 1);
        if (taken.stop == Taken::Stop::empty && !sent && !more) wait_for_output(*job, writer);
    }
    outside.done = true;
    return {};
}

pid_t start_worker(const test::TempDir& state, const Scene& scene, const WritingJob& writer,
                   Outside& outside, std::uint64_t random_seed, bool traced) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    if (traced) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
    }
    const auto worked = work(state, scene, writer, outside, random_seed);
    if (!worked) std::fprintf(stderr, "worker: %s\n", worked.error().what.c_str());
    ::_exit(worked ? 0 : 1);
}

// Lets the worker enter or leave `stops` system calls, then kills it there. Its exit status, or -1
// when it was killed.
int run_until_stop(pid_t worker, std::uint64_t stops) {
    int status = 0;
    ::waitpid(worker, &status, 0);
    ::ptrace(PTRACE_SETOPTIONS, worker, nullptr, PTRACE_O_EXITKILL);
    for (std::uint64_t i = 0; i < stops; ++i) {
        ::ptrace(PTRACE_SYSCALL, worker, nullptr, nullptr);
        if (::waitpid(worker, &status, 0) != worker) return 2;
        if (WIFEXITED(status)) return WEXITSTATUS(status);
    }
    ::kill(worker, SIGKILL);
    ::waitpid(worker, &status, 0);
    return -1;
}

// Lets the worker take `steps` more steps and kills it wherever it is then.
int run_until_step(pid_t worker, Outside& outside, std::uint64_t steps) {
    const auto enough = outside.steps + steps;
    int status = 0;
    while (outside.steps < enough) {
        if (::waitpid(worker, &status, WNOHANG) == worker) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
        }
        ::sched_yield();
    }
    ::kill(worker, SIGKILL);
    ::waitpid(worker, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string final_state(const test::TempDir& state, const Scene& scene, const Outside& outside) {
    const auto spool = Spool::open(state.open(), scene.limits).value();
    const auto* job = spool.find(JobNumber{1});
    return job == nullptr ? "no job" : what_is_wrong(*job, outside.held, scene.seed, scene.totals);
}

bool may_trace() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Kills until the job is delivered; returns how often.
template <class Run>
int kill_until_delivered(const Scene& scene, bool traced, Run run) {
    const test::TempDir state;
    const auto outside = shared_outside();
    const WritingJob writer(scene.seed, scene.totals);
    std::mt19937_64 random(scene.seed);
    int kills = 0;
    while (!outside->done) {
        const pid_t worker = start_worker(state, scene, writer, *outside, random(), traced);
        const int status = run(worker, *outside, random);
        if (status > 0) {
            ADD_FAILURE() << "seed " << scene.seed << ": worker failed after " << kills << " kills";
            return kills;
        }
        kills += status < 0 ? 1 : 0;
    }
    EXPECT_EQ(final_state(state, scene, *outside), "") << "seed " << scene.seed;
    return kills;
}

Scene random_scene(std::uint64_t seed, std::uint64_t most) {
    std::mt19937_64 random(seed * 977);
    Scene scene{.seed = seed * 1000, .totals = {random() % most, random() % most}, .output_max = 0};
    const std::array<std::uint64_t, 4> limits = {64_MiB, 300'000, random() % most, 20'000};
    scene.output_max = limits[seed % limits.size()];
    return scene;
}

// The first life ends at every place where it enters or leaves the kernel, one after the other.
TEST(Crash, AtEverySystemCallLosesAndDoublesNothing) {
    if (!may_trace()) GTEST_SKIP() << "ptrace is not allowed here";
    const Scene scene{.seed = 5, .totals = {70'000, 900}, .output_max = 50'000};
    std::uint64_t stops = 0;
    for (int kills = 1; kills > 0;) {
        ++stops;
        auto run = [&, first = true](pid_t worker, Outside&, auto&) mutable {
            return run_until_stop(worker, std::exchange(first, false) ? stops : UINT64_MAX);
        };
        kills = kill_until_delivered(scene, true, run);
        if (HasFailure()) return;
    }
    EXPECT_GT(stops, 100U);
}

TEST(Crash, AgainAndAgainLosesAndDoublesNothing) {
    if (!may_trace()) GTEST_SKIP() << "ptrace is not allowed here";
    int kills = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        auto run = [](pid_t worker, Outside&, auto& random) {
            return run_until_stop(worker, 1 + random() % (random() % 4 == 0 ? 400 : 150));
        };
        kills += kill_until_delivered(random_scene(seed, 4'000'000), true, run);
        if (HasFailure()) return;
    }
    EXPECT_GT(kills, 100);
}

TEST(Crash, AtAnyInstantLosesAndDoublesNothing) {
    int kills = 0;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        auto run = [](pid_t worker, Outside& outside, auto& random) {
            return run_until_step(worker, outside, random() % 12);
        };
        kills += kill_until_delivered(random_scene(seed, 7'000'000), false, run);
        if (HasFailure()) return;
    }
    EXPECT_GT(kills, 30);
}

}  // namespace
}  // namespace bulkhead::worker
