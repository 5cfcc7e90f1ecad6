// Which bytes of a job's output are retained if there are more than `output_max`: pure arithmetic.
#pragma once
#include <cstdint>

namespace bulkhead::worker {

// Of one stream, the offsets [0, head_end) and [tail_start, received) are retained; between them
// there may be a gap.
struct RetainedRanges {
    std::uint64_t received = 0;
    std::uint64_t head_end = 0;
    std::uint64_t tail_start = 0;  // never below head_end
};

// Takes note of `count` more bytes of `stream`; `other` is the job's other stream, and both share
// the limit `output_max`. Heads grow first come, first served, until only the room for both tails
// is left; from then on each stream keeps its last bytes: at least min(64 KiB, output_max / 4) of
// them, more while the other does not need the room. So nothing is dropped before both together
// exceed output_max, and then exactly that much is kept.
void note_received(RetainedRanges& stream, RetainedRanges& other, std::uint64_t count,
                   std::uint64_t output_max);

}  // namespace bulkhead::worker
