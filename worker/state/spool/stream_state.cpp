#include "worker/state/spool/stream_state.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::worker {

std::optional<Chunk> StreamState::next_chunk(std::uint64_t file_end, bool tail_known,
                                             std::uint64_t max) const {
    const auto head_end = std::min(retained.head_end, file_end);
    auto begin = std::max(acked, released);
    auto end = head_end;
    if (begin >= head_end) {
        if (!tail_known) return {};
        begin = std::max(acked, retained.tail_start);
        end = file_end;
    }
    if (begin >= end || max == 0) return {};
    Chunk chunk{.offset = begin, .length = std::min(end - begin, max)};
    if (begin > acked) chunk.skip_from = acked;
    return chunk;
}

std::uint64_t StreamState::offered(std::uint64_t file_end, bool tail_known) const {
    return tail_known ? retained.received : std::min(retained.head_end, file_end);
}

std::uint64_t StreamState::done() const {
    return std::max(released, std::min(acked, retained.head_end));
}

std::uint64_t StreamState::owed() const {
    const auto head = retained.head_end - std::min(acked, retained.head_end);
    const auto tail = retained.received - std::clamp(acked, retained.tail_start, retained.received);
    return head + tail;
}

std::uint64_t StreamState::dropped(std::uint64_t file_end) const {
    const auto head = std::min(retained.head_end, file_end);
    const auto tail = file_end - std::min(retained.tail_start, file_end);
    return retained.received - head - tail;
}

namespace {

struct Flag {
    std::uint8_t bit;
    bool StreamState::*member;
};
// 0.1 knows only the first of them.
constexpr std::array<Flag, 5> kFlags{{{1, &StreamState::ended},
                                      {2, &StreamState::eof},
                                      {4, &StreamState::second_run},
                                      {8, &StreamState::lost},
                                      {16, &StreamState::refused}}};

std::uint8_t flags_of(const StreamState& state) {
    unsigned flags = 0;
    for (const auto& [bit, member] : kFlags) flags |= state.*member ? bit : 0U;
    return static_cast<std::uint8_t>(flags);
}

}  // namespace

void write_state(ByteWriter& writer, const StreamState& state) {
    writer.integer(state.retained.head_end);
    writer.integer(state.retained.tail_start);
    writer.integer(state.acked);
    writer.integer(state.released);
    writer.integer(flags_of(state));
    state.hash.write_state(writer);
}

Result<StreamState> read_state(ByteReader& reader) {
    StreamState state;
    state.retained.head_end = TRY(reader.integer<std::uint64_t>());
    state.retained.tail_start = TRY(reader.integer<std::uint64_t>());
    state.acked = TRY(reader.integer<std::uint64_t>());
    state.released = TRY(reader.integer<std::uint64_t>());
    const auto flags = TRY(reader.integer<std::uint8_t>());
    for (const auto& [bit, member] : kFlags) state.*member = (flags & bit) != 0;
    state.hash = TRY(RunningHash::read_state(reader));
    state.retained.received = state.hash.count();
    const bool ordered = state.released <= state.retained.head_end &&
                         state.retained.head_end <= state.retained.tail_start &&
                         state.retained.tail_start <= state.retained.received &&
                         state.acked <= state.retained.received;
    if (!ordered) return fail("offsets contradict each other");
    return state;
}

}  // namespace bulkhead::worker
