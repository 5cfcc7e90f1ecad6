// A gigabyte through the spool: in constant memory, and on a disk that never holds more than is
// allowed to wait.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "tests/support/ok.hpp"
#include "tests/support/tree.hpp"
#include "tests/worker/state/spool/fixture.hpp"

namespace bulkhead::worker {
namespace {

#ifdef BULKHEAD_SANITIZED
constexpr std::uint64_t kKept = 32_MiB;
constexpr std::uint64_t kDropped = 32_MiB;
#else
constexpr std::uint64_t kKept = 1_GiB;
constexpr std::uint64_t kDropped = 256_MiB;
#endif

std::uint64_t resident_bytes() {
    const auto proc = sys::Dir::open("/proc").value();
    const auto status = proc.read_file(std::to_string(::getpid()) + "/status", 64_KiB).value();
    return ColonTable(status).kibibytes("VmRSS").value();
}

std::uint64_t disk_bytes(const SpoolJob& job) {
    struct stat info {};
    ::fstat(job.fd(Output::out), &info);
    return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

// Writes `bytes` bytes, the same piece again and again; returns its pid.
pid_t start_writer(const sys::Pipe& pipe, const std::string& piece, std::uint64_t bytes) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::signal(SIGPIPE, SIG_DFL);
    ::close(pipe.read.get());
    for (std::uint64_t done = 0; done < bytes; done += piece.size()) {
        if (!sys::write_all(pipe.write, as_bytes(piece))) ::_exit(1);
    }
    ::_exit(0);
}

struct Volume {
    explicit Volume(std::uint64_t output_max)
        : spool(Spool::open(state.open(), kLimits).value()),
          job(*spool.create(JobNumber{1}, {.output_max = output_max}).value()) {}

    // Until the end of `bytes` of output: take, let `upload_one` send something, and watch.
    template <class Upload>
    void run(std::uint64_t bytes, Upload upload_one) {
        const auto piece = output_bytes(1, 0, 1_MiB);
        auto pipe = sys::make_pipe(1 << 20).value();
        const pid_t writer = start_writer(pipe, piece, bytes);
        pipe.write.reset();
        std::uint64_t before = 0;
        for (auto stop = Taken::Stop::budget_spent; stop != Taken::Stop::end;) {
            const auto taken = job.take(Output::out, pipe.read);
            ASSERT_OK(taken);
            stop = taken->stop;
            ASSERT_TRUE(upload_one());
            most_on_disk = std::max(most_on_disk, disk_bytes(job));
            // The first few MiB settle what is allocated once.
            if (job.totals(Output::out).bytes < 8_MiB) continue;
            const auto now = resident_bytes();
            if (before == 0) before = now;
            if (now > before) growth = std::max(growth, now - before);
        }
        ASSERT_TRUE(job.end(Output::out) && job.end(Output::err));
        int status = -1;
        ASSERT_EQ(::waitpid(writer, &status, 0), writer);
        EXPECT_EQ(status, 0);
        RunningHash expected;
        for (std::uint64_t done = 0; done < bytes; done += piece.size()) {
            expected.update(as_bytes(piece));
        }
        digest = expected.digest();
    }

    static constexpr SpoolLimits kLimits{.job_bytes = 16_MiB, .total_bytes = 16_MiB};
    test::TempDir state;
    Spool spool;
    SpoolJob& job;
    std::uint64_t most_on_disk = 0;
    std::uint64_t growth = 0;
    crypto::Digest digest{};
};

#ifdef BULKHEAD_SANITIZED
void expect_constant_memory(std::uint64_t) {}  // a sanitizer's own memory grows
#else
void expect_constant_memory(std::uint64_t growth) { EXPECT_LT(growth, 2_MiB); }
#endif

TEST(Volume, IsUploadedInConstantMemoryAndReleasedFromTheDisk) {
    Volume volume(4_GiB);
    RunningHash uploaded;
    auto upload_one = [&]() -> bool {
        const auto chunk = volume.job.next_chunk(Output::out, 1_MiB);
        if (!chunk) return true;
        uploaded.update(as_bytes(volume.job.read(Output::out, *chunk).value()));
        return volume.job.acknowledge(Output::out, chunk->offset + chunk->length).has_value();
    };
    volume.run(kKept, upload_one);
    while (!volume.job.delivered()) ASSERT_TRUE(upload_one());
    EXPECT_EQ(volume.job.totals(Output::out).bytes, kKept);
    EXPECT_EQ(volume.job.totals(Output::out).sha256, volume.digest);
    EXPECT_EQ(uploaded.digest(), volume.digest);
    // What waits, what is acknowledged and not released yet, and a file system's own slack.
    EXPECT_LE(volume.most_on_disk, 16_MiB + 8_MiB + 2_MiB);
    expect_constant_memory(volume.growth);
}

TEST(Volume, BeyondTheLimitIsDroppedInConstantMemoryAndDisk) {
    Volume volume(1_MiB);
    volume.run(kDropped, [] { return true; });
    const auto totals = volume.job.totals(Output::out);
    EXPECT_EQ(totals.bytes, kDropped);
    EXPECT_EQ(totals.dropped, kDropped - 1_MiB);
    EXPECT_EQ(totals.sha256, volume.digest);
    EXPECT_LE(volume.most_on_disk, 1_MiB + 8_MiB + 2_MiB);
    expect_constant_memory(volume.growth);
}

}  // namespace
}  // namespace bulkhead::worker
