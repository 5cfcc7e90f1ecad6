// ReportQueue: the elements that are left to report, cut into parts that a backend accepts, and cut
// again where it does not.
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
    std::uint64_t bytes = 0;  // of the elements' JSON text, with a comma each
    std::size_t elements = 0;
};

class ReportQueue {
  public:
    // Without items there is one empty report to send, which serves as a heartbeat.
    ReportQueue(std::vector<ReportItem> items, const ReportLimits& limits);

    bool done() const { return parts_.empty(); }
    // The elements of the report to send now.
    std::vector<InventoryElement> next() const;

    // Each removes the report that was sent and returns the elements that need not be reported
    // again until they change: the backend has them, or will never accept them.
    using Settled = std::vector<const ReportItem*>;
    Settled accepted();
    // Its halves are sent instead. A single element is dropped.
    Settled too_large();
    // The report is sent again without these, given by their index in it.
    Settled refused(const std::vector<std::size_t>& elements);

    // Number of elements in the report to send now. An empty one cannot be made smaller.
    std::size_t next_size() const { return parts_.front().size(); }

  private:
    using Part = std::vector<std::uint32_t>;  // indices into items_
    Settled items_of(const Part& part) const;
    // An empty part is sent only if no other report of this run shows the backend that the host is
    // up.
    void put_back(Part part);

    std::vector<ReportItem> items_;
    std::deque<Part> parts_;
    bool any_accepted_ = false;
};

}  // namespace bulkhead::worker
