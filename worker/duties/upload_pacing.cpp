#include "worker/duties/upload_pacing.hpp"

#include <algorithm>

namespace bulkhead::worker {

using std::chrono::milliseconds;

UploadPacing::UploadPacing(const JobTraits& traits, milliseconds timeout)
    : interval_(traits.flush_interval),
      quick_(timeout / 4),
      least_wait_(traits.last_output_in_result ? kGather : milliseconds(0)),
      most_(traits.max_chunk_bytes),
      max_chunk_(most_) {}

bool UploadPacing::may_send(Time now, std::uint64_t length, bool last) const {
    return last || flush_ || time_until_flush(now) <= milliseconds(0) ||
           length >= std::min(max_chunk_, kWorthAtOnce);
}

milliseconds UploadPacing::time_until_flush(Time now) const {
    return std::max(std::chrono::ceil<milliseconds>(next_flush_ - now), least_wait_);
}

void UploadPacing::output_sent(Time now, std::uint64_t length) {
    const bool after_silence = !flush_ && now - last_sent_ >= interval_;
    flush_ = false;
    next_flush_ = now + (after_silence ? kGather : interval_);
    last_sent_ = now;
    in_flight_ = length;
}

void UploadPacing::accepted(Time now) {
    const bool quick = now - last_sent_ < quick_;
    if (!quick || in_flight_ < max_chunk_) return;
    max_chunk_ = std::min(2 * max_chunk_, most_);
}

bool UploadPacing::halve() {
    if (in_flight_ <= kSmallestChunk) return false;
    max_chunk_ = std::max(in_flight_ / 2, kSmallestChunk);
    return true;
}

}  // namespace bulkhead::worker
