// StreamState: what a checkpoint holds of one output stream, and what follows from it. Pure.
#pragma once
#include <cstdint>
#include <optional>

#include "common/base/bytes.hpp"
#include "worker/state/spool/retention.hpp"
#include "worker/state/spool/running_hash.hpp"

namespace bulkhead::worker {

// The next bytes to upload. `skip_from`: if set, the backend has everything below it, and the bytes
// from there to `offset` were dropped.
struct Chunk {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::optional<std::uint64_t> skip_from;
};

struct StreamState {
    RetainedRanges retained;
    std::uint64_t acked = 0;     // below this offset the backend has all that it will get
    std::uint64_t released = 0;  // bytes of the head below this may be gone from the file
    bool ended = false;          // no more will come
    bool eof = false;            // the end of the job's pipe was read, in its latest run
    bool second_run = false;     // the pipe is that of the run after a restart of the host
    bool lost = false;           // something the job printed is known to be lost
    bool refused = false;        // the backend did not take some of it
    RunningHash hash;            // covers retained.received bytes

    // `file_end`: size of the file, less than received only if a crash of the host lost bytes.
    // `tail_known`: both streams have ended, so that no more output can push bytes out of a tail.
    std::optional<Chunk> next_chunk(std::uint64_t file_end, bool tail_known,
                                    std::uint64_t max) const;
    // The largest offset that a backend can truthfully ask for.
    std::uint64_t offered(std::uint64_t file_end, bool tail_known) const;
    // Bytes of the head below this offset are not needed any more.
    std::uint64_t done() const;
    // Bytes that are retained and not yet acknowledged.
    std::uint64_t owed() const;
    // The job may have printed more than was received or than is still in the file.
    bool incomplete(std::uint64_t file_end) const {
        return lost || (ended && !eof) || file_end < retained.received;
    }
    // Bytes that were received and are in neither head nor tail.
    std::uint64_t dropped(std::uint64_t file_end) const;
};

void write_state(ByteWriter& writer, const StreamState& state);
Result<StreamState> read_state(ByteReader& reader);

}  // namespace bulkhead::worker
