// What the spool must remember of one output stream, and what follows from it: pure.
#pragma once
#include <cstdint>
#include <optional>

#include "common/base/bytes.hpp"
#include "worker/state/spool/retention.hpp"
#include "worker/state/spool/running_hash.hpp"

namespace bulkhead::worker {

// The next bytes to upload. `skip_from`, when set, is where the backend stands: the bytes from
// there to `offset` are no longer there to be sent.
struct Chunk {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::optional<std::uint64_t> skip_from;
};

struct StreamState {
    RetainedRanges retained;
    std::uint64_t acked = 0;     // the backend holds what it will ever get below this
    std::uint64_t released = 0;  // bytes of the head below this may be gone from the file
    bool ended = false;          // no more will come
    RunningHash hash;            // covers retained.received bytes

    // `file_end`: how far the file reaches, less than received only if the host lost bytes.
    // `tail_known`: both streams ended, so that no more output can push bytes out of a tail.
    std::optional<Chunk> next_chunk(std::uint64_t file_end, bool tail_known,
                                    std::uint64_t max) const;
    // The largest offset that a backend can truthfully ask for.
    std::uint64_t offered(std::uint64_t file_end, bool tail_known) const;
    // The head below this is not needed any more.
    std::uint64_t done() const;
    // Retained and not yet acknowledged.
    std::uint64_t owed() const;
    // Received and in neither head nor tail.
    std::uint64_t dropped(std::uint64_t file_end) const;
};

void write_state(ByteWriter& writer, const StreamState& state);
Result<StreamState> read_state(ByteReader& reader);

}  // namespace bulkhead::worker
