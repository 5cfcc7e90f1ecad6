#include "worker/state/spool/retention.hpp"

#include <algorithm>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

std::uint64_t tail_length(const RetainedRanges& stream) {
    return stream.received - stream.tail_start;
}

void cut_tail(RetainedRanges& stream, std::uint64_t longest) {
    if (tail_length(stream) > longest) stream.tail_start = stream.received - longest;
}

}  // namespace

void note_received(RetainedRanges& stream, RetainedRanges& other, std::uint64_t count,
                   std::uint64_t output_max) {
    const std::uint64_t share = std::min<std::uint64_t>(64_KiB, output_max / 4);
    const std::uint64_t heads = output_max - 2 * share;
    stream.received += count;

    // While room for heads is left, neither stream has a tail yet.
    const std::uint64_t room = heads - stream.head_end - other.head_end;
    if (room > 0) {
        stream.head_end += std::min(room, stream.received - stream.head_end);
        stream.tail_start = stream.head_end;
    }

    const auto tail = tail_length(stream);
    const auto other_tail = tail_length(other);
    if (tail + other_tail <= 2 * share) return;
    cut_tail(stream, 2 * share - std::min(share, other_tail));
    cut_tail(other, 2 * share - std::min(share, tail));
}

}  // namespace bulkhead::worker
