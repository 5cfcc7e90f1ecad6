// SpoolJob: the output of one job between its pipes and the backend.
#pragma once
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "worker/state/spool/atomic_record.hpp"
#include "worker/state/spool/stream_file.hpp"
#include "worker/state/spool/stream_state.hpp"

namespace bulkhead::worker {

struct SpoolLimits {
    // Bytes that wait for the backend. At the limit nothing is read and the job feels it; a job
    // with little waiting may always go on, so that jobs cannot block each other for good.
    std::uint64_t job_bytes = 64ULL << 20;
    std::uint64_t total_bytes = 256ULL << 20;
};

// What all jobs of a spool share.
struct SpoolShared {
    SpoolLimits limits;
    std::uint64_t owed = 0;
    std::uint64_t unrecorded = 0;   // bytes of files of earlier workers, beyond their records
    std::vector<std::byte> buffer;  // for hashing: the one place where output is in our memory
};

bool is_disk_full(const Error& error);

// What must be known of a job whose broker and backend may be asked only after a restart.
struct SpoolLabel {
    std::string backend;
    DeliveryId delivery_id;
    JobId job_id;
    std::uint64_t output_max = 0;
};

enum class Output : std::size_t { out = 0, err = 1 };

struct Taken {
    enum class Stop {
        budget_spent,  // kReadBudget octets were read; there may be more
        empty,         // nothing more at the moment
        end,           // nothing more ever
        quota,         // wait for acknowledgements; the pipe is full meanwhile
        disk,          // the disk is full: try again later
    };
    std::uint64_t bytes = 0;
    Stop stop = Stop::budget_spent;
};

struct OutputTotals {
    std::uint64_t bytes = 0;
    crypto::Digest sha256{};
    std::uint64_t dropped = 0;
};

// Invariants, which make it exact across a kill at any instant:
// - the size of a stream's file is how much was taken out of its pipe;
// - a checkpoint (hash state, offsets) follows every turn, and no turn starts before it is written:
//   so after a crash at most one stream is ahead of it, and hashing that part again catches up;
// - nothing is released from a file before a checkpoint that no longer needs it is on disk.
class SpoolJob {
  public:
    static Result<std::unique_ptr<SpoolJob>> create(const sys::Dir& dir, JobNumber number,
                                                    SpoolLabel label,
                                                    std::shared_ptr<SpoolShared> shared);
    // What create() has left behind; Kind::unfinished if it was not finished.
    static Result<std::unique_ptr<SpoolJob>> resume(const sys::Dir& dir, JobNumber number,
                                                    std::shared_ptr<SpoolShared> shared);
    SpoolJob(const SpoolJob&) = delete;
    SpoolJob& operator=(const SpoolJob&) = delete;
    ~SpoolJob() { shared_->owed -= owed_; }

    // While this file is there and whole, so is the job.
    static constexpr std::string_view kMeta = "meta";

    JobNumber number() const { return number_; }
    const SpoolLabel& label() const { return label_; }

    // Takes in what `pipe` holds, without waiting for more.
    Result<Taken> take(Output which, const sys::Fd& pipe);
    // No more will come: the pipe is at its end, or it is gone. Here and in acknowledge() a full
    // disk is no error: what a crash makes us forget meanwhile is told again.
    Result<> end(Output which);
    bool ended(Output which) const { return at(which).state.ended; }
    bool both_ended() const { return ended(Output::out) && ended(Output::err); }

    // What to upload next, at most `max` bytes; none while there is nothing to send. Of output that
    // is cut, the head is on offer at once and the tail when both streams have ended.
    std::optional<Chunk> next_chunk(Output which, std::uint64_t max) const;
    Result<std::string> read(Output which, const Chunk& chunk) const;
    // To read a chunk in place, at its offset; valid as long as this object.
    int fd(Output which) const { return at(which).file.fd(); }
    // The backend holds everything below `next_offset` and wants what follows. It may go back: what
    // is still there is sent again. Kind::never_sent: it cannot hold that much.
    Result<> acknowledge(Output which, std::uint64_t next_offset);
    // Both streams ended and were acknowledged.
    bool delivered() const;
    OutputTotals totals(Output which) const;

  private:
    struct Stream {
        StreamFile file;
        StreamState state;
        std::uint64_t head_punched = 0;  // [0, ..) is gone from the file
        std::uint64_t gap_punched = 0;   // [head_end, ..) is gone from the file
        std::uint64_t gap_begin() const { return std::max(gap_punched, state.retained.head_end); }
    };

    SpoolJob(JobNumber number, std::shared_ptr<SpoolShared> shared, AtomicRecord meta,
             AtomicRecord checkpoint, std::array<Stream, 2> streams);
    Stream& at(Output which) { return streams_[static_cast<std::size_t>(which)]; }
    const Stream& at(Output which) const { return streams_[static_cast<std::size_t>(which)]; }

    Result<> restore();
    Result<Taken::Stop> fill(Output which, const sys::Fd& pipe, std::uint64_t& bytes);
    Result<> hash_new_bytes(Output which);
    void count_owed();
    Result<> write_checkpoint();
    Result<> catch_up();
    Result<> save_checkpoint();
    std::uint64_t room() const;
    std::uint64_t releasable() const;
    Result<> release();
    Result<> release_in_batches();
    Result<> store_meta();
    Result<> load_meta();

    JobNumber number_;
    std::shared_ptr<SpoolShared> shared_;
    AtomicRecord meta_;
    AtomicRecord checkpoint_;
    std::array<Stream, 2> streams_;
    SpoolLabel label_;
    std::uint64_t owed_ = 0;
    bool dirty_ = false;  // the checkpoint is behind the state in memory
};

}  // namespace bulkhead::worker
