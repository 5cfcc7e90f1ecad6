// What is left to report: cut into parts the backend takes, cut again where it does not.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "worker/state/inventory_store.hpp"

namespace bulkhead::worker {

struct ReportItem {
    InventoryElement element;
    ElementDigest digest;
};

struct ReportLimits {
    std::uint64_t bytes = 0;  // of the elements' text and their commas
    std::size_t elements = 0;
};

class ReportQueue {
  public:
    // Without items there is still one report to send, an empty one: it is the heartbeat.
    ReportQueue(std::vector<ReportItem> items, const ReportLimits& limits);

    bool done() const { return parts_.empty(); }
    // Of the report that is to go now.
    std::vector<InventoryElement> next() const;

    // Each takes the report that went away and returns what needs not be thought of again until it
    // changes: because the backend has it, or because it will never take it.
    using Settled = std::vector<const ReportItem*>;
    Settled accepted();
    // Its halves go instead. One element alone is dropped.
    Settled too_large();
    // The rest goes without these.
    Settled refused(const std::vector<std::size_t>& elements);

    // An empty report cannot be made smaller.
    std::size_t next_size() const { return parts_.front().size(); }

  private:
    using Part = std::vector<std::uint32_t>;  // places in items_
    Settled items_of(const Part& part) const;
    // An emptied part goes only where no other report tells the backend that this host lives.
    void put_back(Part part);

    std::vector<ReportItem> items_;
    std::deque<Part> parts_;
    bool any_accepted_ = false;
};

}  // namespace bulkhead::worker
