#include "worker/duties/telemetry_queue.hpp"

#include <algorithm>

namespace bulkhead::worker {

void TelemetryQueue::add(Event event) {
    bytes_ += size_of(event);
    events_.push_back(std::move(event));
    while (events_.size() > kMostEvents || bytes_ > kMostBytes) {
        if (under_way_ == events_.size()) break;
        drop_next();
    }
}

const TelemetryQueue::Event* TelemetryQueue::next() const {
    if (under_way_ >= kMostUnderWay || under_way_ >= events_.size()) return nullptr;
    return &events_[under_way_];
}

void TelemetryQueue::drop_next() {
    const auto at = events_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    bytes_ -= size_of(*at);
    events_.erase(at);
    ++dropped_;
}

void TelemetryQueue::confirmed(std::size_t count) {
    for (count = std::min(count, under_way_); count > 0; --count, --under_way_) {
        bytes_ -= size_of(events_.front());
        events_.pop_front();
    }
    if (events_.empty()) events_.shrink_to_fit();
}

}  // namespace bulkhead::worker
