#include "worker/duties/report_queue.hpp"

#include <algorithm>

namespace bulkhead::worker {

ReportQueue::ReportQueue(std::vector<ReportItem> items, const ReportLimits& limits)
    : items_(std::move(items)), parts_(1) {
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
        const auto size = items_[i].element.json.size() + 1;
        auto* part = &parts_.back();
        if (!part->empty() && (bytes + size > limits.bytes || part->size() >= limits.elements)) {
            part = &parts_.emplace_back();
            bytes = 0;
        }
        part->push_back(i);
        bytes += size;
    }
}

std::vector<InventoryElement> ReportQueue::next() const {
    std::vector<InventoryElement> elements;
    for (const auto at : parts_.front()) elements.push_back(items_[at].element);
    return elements;
}

ReportQueue::Settled ReportQueue::items_of(const Part& part) const {
    Settled settled;
    for (const auto at : part) settled.push_back(&items_[at]);
    return settled;
}

ReportQueue::Settled ReportQueue::accepted() {
    any_accepted_ = true;
    auto settled = items_of(parts_.front());
    parts_.pop_front();
    return settled;
}

ReportQueue::Settled ReportQueue::too_large() {
    const auto part = std::move(parts_.front());
    parts_.pop_front();
    if (part.size() <= 1) {
        put_back({});
        return items_of(part);
    }
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    parts_.emplace_front(middle, part.end());
    parts_.emplace_front(part.begin(), middle);
    return {};
}

ReportQueue::Settled ReportQueue::refused(const std::vector<std::size_t>& elements) {
    const auto part = std::move(parts_.front());
    parts_.pop_front();
    Part good;
    Part bad;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const bool named = std::ranges::find(elements, i) != elements.end();
        (named ? bad : good).push_back(part[i]);
    }
    put_back(std::move(good));
    return items_of(bad);
}

void ReportQueue::put_back(Part part) {
    if (part.empty() && (any_accepted_ || !parts_.empty())) return;
    parts_.push_front(std::move(part));
}

}  // namespace bulkhead::worker
