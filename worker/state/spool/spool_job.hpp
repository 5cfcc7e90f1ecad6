// SpoolJob: the output of one job on disk, between its pipes and the backend.
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
    // Bytes that wait for the backend. At the limit nothing is read, so that the job blocks on its
    // full pipe. A job with little waiting is always read, so that jobs cannot block each other for
    // good.
    std::uint64_t job_bytes = 64ULL << 20;
    std::uint64_t total_bytes = 256ULL << 20;
};

// What all jobs of a spool share.
struct SpoolShared {
    SpoolLimits limits;
    std::uint64_t owed = 0;
    std::uint64_t unrecorded = 0;   // bytes in files of earlier workers that no checkpoint covers
    std::vector<std::byte> buffer;  // for hashing: output is in memory only here
};

bool is_disk_full(const Error& error);

// What a worker that takes over a job must know of it without asking broker or backend.
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
        empty,         // the pipe is empty at the moment
        end,           // the pipe is at its end
        quota,         // SpoolLimits: wait until the backend acknowledges output
        disk,          // ENOSPC or EDQUOT: try again later
    };
    std::uint64_t bytes = 0;
    Stop stop = Stop::budget_spent;
};

struct OutputTotals {
    std::uint64_t bytes = 0;
    crypto::Digest sha256{};
    std::uint64_t dropped = 0;
    bool incomplete = false;  // the end of what the job printed was not seen, or some of it is lost
    bool refused = false;     // the backend did not take some of it
};

// Invariants, by which no byte is lost or doubled if the worker is killed at any instant:
// - the size of a stream's file is how much was taken out of its pipe;
// - a checkpoint (hash state, offsets) follows every turn, and no turn starts before it is written:
//   so after a crash at most one stream is ahead of it, and hashing that part again catches up;
// - nothing is released from a file before a checkpoint that no longer needs it is on disk.
class SpoolJob {
  public:
    static Result<std::unique_ptr<SpoolJob>> create(const sys::Dir& dir, JobNumber number,
                                                    SpoolLabel label,
                                                    std::shared_ptr<SpoolShared> shared);
    // Opens what create() has made; Kind::unfinished if that was interrupted.
    static Result<std::unique_ptr<SpoolJob>> resume(const sys::Dir& dir, JobNumber number,
                                                    std::shared_ptr<SpoolShared> shared);
    SpoolJob(const SpoolJob&) = delete;
    SpoolJob& operator=(const SpoolJob&) = delete;
    ~SpoolJob() { shared_->owed -= owed_; }

    // The job exists as long as this file does and holds a record.
    static constexpr std::string_view kMeta = "meta";

    JobNumber number() const { return number_; }
    const SpoolLabel& label() const { return label_; }

    // Moves what `pipe` holds into the file of the stream, at most kReadBudget bytes, without
    // waiting.
    Result<Taken> take(Output which, const sys::Fd& pipe);
    // Call it before take(), once in each worker. `run`: as in protocol::UnreportedJob. Without a
    // pipe no more comes of the stream: what an earlier worker has not read is lost, unless it read
    // to the end.
    Result<> take_over(Output which, bool has_pipe, unsigned run);
    // The backend has less of the stream than was sent, or does not take it.
    Result<> note_lost(Output which);
    Result<> note_refused(Output which);
    // Marks the end of the stream: its pipe is at its end, or gone. A full disk is no error here
    // and in acknowledge(): what a crash makes the worker forget, broker and backend say again.
    Result<> end(Output which);
    bool ended(Output which) const { return at(which).state.ended; }
    bool both_ended() const { return ended(Output::out) && ended(Output::err); }

    // The next chunk to upload, at most `max` bytes; nothing while there is nothing to send. If
    // output was dropped, the head can be sent at once, the tail when both streams have ended.
    std::optional<Chunk> next_chunk(Output which, std::uint64_t max) const;
    Result<std::string> read(Output which, const Chunk& chunk) const;
    // The file of the stream, to read a chunk at its offset. Valid as long as this object.
    int fd(Output which) const { return at(which).file.fd(); }
    // The backend has everything below `next_offset` and wants what follows. A lower offset than
    // before is allowed: what is still there is sent again. Kind::never_sent: more than was ever
    // sent.
    Result<> acknowledge(Output which, std::uint64_t next_offset);
    // True if both streams have ended and all of them was acknowledged.
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
    bool dirty_ = false;  // the checkpoint on disk is older than the state in memory
};

}  // namespace bulkhead::worker
