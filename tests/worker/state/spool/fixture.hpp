// What spool tests share: output that anybody can recompute, a job that writes it, and a backend
// that keeps what it is sent by the rules of resumable upload.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "common/sys/fd.hpp"
#include "worker/state/spool/spool.hpp"

namespace bulkhead::worker {

// The bytes [from, to) of output number `seed`.
std::string output_bytes(std::uint64_t seed, std::uint64_t from, std::uint64_t to);

// A process of its own that writes to a pipe, in pieces of random length, and exits.
class WritingJob {
  public:
    WritingJob(std::uint64_t seed, std::array<std::uint64_t, 2> totals);
    ~WritingJob();  // killed if it still runs
    WritingJob(const WritingJob&) = delete;

    const sys::Fd& pipe(Output which) const { return read_ends_[static_cast<std::size_t>(which)]; }

  private:
    pid_t pid_ = -1;
    std::array<sys::Fd, 2> read_ends_;
};

// What a backend holds of one stream: plain memory, so that it can be shared with a process that
// is going to die.
struct HeldStream {
    static constexpr std::size_t kRoom = 8 << 20;
    std::uint64_t next = 0;
    std::uint64_t hole_begin = 0;  // bytes that the agent says are dropped
    std::uint64_t hole_end = 0;
    std::array<char, kRoom> bytes;

    // Answers where to go on. What it holds already is passed over; a gap is not filled.
    std::uint64_t put(std::uint64_t offset, std::string_view data,
                      std::optional<std::uint64_t> skip_from);
    std::string_view text(std::uint64_t from, std::uint64_t to) const;
};

struct HeldJob {
    std::array<HeldStream, 2> streams;
};

// Sends one chunk of at most `max` bytes to `held` and acknowledges. False: there is none.
Result<bool> upload(SpoolJob& job, Output which, HeldJob& held, std::uint64_t max);

// Everything of `job` is in `held`, and totals and hole are as they must be; else what is wrong.
std::string what_is_wrong(const SpoolJob& job, const HeldJob& held, std::uint64_t seed,
                          std::array<std::uint64_t, 2> totals);

}  // namespace bulkhead::worker
