// On a file system of half a MiB: what a full disk does to the spool. Needs root for the mount.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>

#include "common/base/strong.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/state/spool/fixture.hpp"

namespace bulkhead::worker {
namespace {

using Story =
    std::function<std::string(const sys::Dir& small)>;  // "" is well, else what went wrong
constexpr int kCannot = 77;

int tell(const std::string& place, const Story& story) {
    if (::unshare(CLONE_NEWNS) != 0) return kCannot;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kCannot;
    if (::mount("none", place.c_str(), "tmpfs", 0, "size=512k") != 0) return kCannot;
    const auto wrong = story(sys::Dir::open(place).value());
    if (wrong.empty()) return 0;
    std::fprintf(stderr, "%s\n", wrong.c_str());
    return 1;
}

// The mount is private to a child and goes with it.
void on_a_small_disk(const Story& story) {
    const test::TempDir place;
    const pid_t child = ::fork();
    if (child == 0) ::_exit(tell(place.path(), story));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    if (WEXITSTATUS(status) == kCannot && ::geteuid() != 0) GTEST_SKIP() << "needs root to mount";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

void fill(const sys::Dir& disk) {
    const auto fd = disk.open_at("filler", O_WRONLY | O_CREAT, 0600).value();
    const std::string page(4096, 'f');
    while (::write(fd.get(), page.data(), page.size()) > 0) {
    }
}

TEST(FullDisk, StopsReadingAndLosesNothing) {
    on_a_small_disk([](const sys::Dir& disk) -> std::string {
        constexpr std::uint64_t kSeed = 11;
        auto spool = Spool::open(disk).value();
        auto& job = *spool.create(JobNumber{1}, {.output_max = 64_MiB}).value();
        const WritingJob writer(kSeed, {3_MiB, 0});
        if (!job.end(Output::err)) return "end";
        const auto held = std::make_unique<HeldJob>();
        int full = 0;
        for (;;) {
            const auto taken = job.take(Output::out, writer.pipe(Output::out));
            if (!taken) return taken.error().what;
            if (taken->stop == Taken::Stop::end) break;
            // At first what was acknowledged makes room.
            if (taken->stop != Taken::Stop::disk || taken->bytes > 0) continue;
            ++full;
            while (upload(job, Output::out, *held, 100'000).value()) {
            }
        }
        if (full < 3) return "the disk was never full";
        if (!job.end(Output::out)) return "end";
        while (upload(job, Output::out, *held, 100'000).value()) {
        }
        return what_is_wrong(job, *held, kSeed, {3_MiB, 0});
    });
}

TEST(FullDisk, StillTakesAcknowledgements) {
    on_a_small_disk([](const sys::Dir& disk) -> std::string {
        {
            auto spool = Spool::open(disk).value();
            auto& job = *spool.create(JobNumber{1}, {.output_max = 1_MiB}).value();
            auto pipe = sys::make_pipe().value();
            if (!sys::write_all(pipe.write, as_bytes("done"))) return "write";
            if (!job.take(Output::out, pipe.read)) return "take";
            fill(disk);
            if (!job.end(Output::out) || !job.end(Output::err)) return "end";
            if (!job.acknowledge(Output::out, 4)) return "acknowledge";
        }
        const auto spool = Spool::open(disk).value();
        const auto* job = spool.find(JobNumber{1});
        return job != nullptr && job->delivered() ? "" : "not delivered";
    });
}

// As on a file system that writes each block to a new place.
TEST(FullDisk, WhereOverwritingNeedsRoomTooOnlyReadingStops) {
    on_a_small_disk([](const sys::Dir& disk) -> std::string {
        auto spool = Spool::open(disk).value();
        auto& job = *spool.create(JobNumber{1}, {.output_max = 1_MiB}).value();
        auto pipe = sys::make_pipe().value();
        if (!sys::write_all(pipe.write, as_bytes("done"))) return "write";
        if (!job.take(Output::out, pipe.read)) return "take";
        const auto checkpoint = disk.open_at("spool/1/checkpoint", O_RDWR).value();
        const int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
        if (::fallocate(checkpoint.get(), hole, 0, 8192) != 0) return "punch";
        fill(disk);
        if (const auto done = job.acknowledge(Output::out, 4); !done) return done.error().what;
        if (const auto done = job.end(Output::out); !done) return done.error().what;
        if (job.take(Output::err, pipe.read).value().stop != Taken::Stop::disk) return "not full";
        if (!disk.remove_file("filler")) return "remove";
        pipe.write.reset();
        if (job.take(Output::err, pipe.read).value().stop != Taken::Stop::end) return "no end";
        const auto after = Spool::open(disk).value();
        const auto& known = *after.find(JobNumber{1});
        return known.ended(Output::out) && !known.next_chunk(Output::out, 1) ? "" : "not on disk";
    });
}

TEST(FullDisk, RefusesANewJobAndLeavesNothingOfIt) {
    on_a_small_disk([](const sys::Dir& disk) -> std::string {
        auto spool = Spool::open(disk).value();
        fill(disk);
        const auto job = spool.create(JobNumber{1}, {.output_max = 1_MiB});
        if (job || job.error().code != ENOSPC) return "created on a full disk";
        if (!disk.open_dir("spool").value().list().value().empty()) return "left something";
        if (!disk.remove_file("filler")) return "remove";
        return spool.create(JobNumber{1}, {.output_max = 1_MiB}) ? "" : "cannot create";
    });
}

// As the limit on the length of its files has it, or the file system.
TEST(LongestFile, EndsTheOutput) {
    on_a_small_disk([](const sys::Dir& disk) -> std::string {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{.rlim_cur = 200'000, .rlim_max = 200'000};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return "setrlimit";
        auto spool = Spool::open(disk).value();
        auto& job = *spool.create(JobNumber{1}, {.output_max = 64_MiB}).value();
        const WritingJob writer(11, {3_MiB, 0});
        for (;;) {
            const auto taken = job.take(Output::out, writer.pipe(Output::out));
            if (!taken) return taken.error().what;
            if (taken->stop == Taken::Stop::end) break;
        }
        const auto kept = job.totals(Output::out).bytes;
        return kept == 200'000 ? "" : std::to_string(kept) + " bytes were kept";
    });
}

}  // namespace
}  // namespace bulkhead::worker
