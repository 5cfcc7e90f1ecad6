// The inventory as Grapheon stores it: one line of JSON for each thing, and nothing that it would
// refuse a whole report for.
#pragma once
#include <vector>

#include "worker/backend/duties.hpp"
#include "worker/backend/grapheon/grapheon_options.hpp"

namespace bulkhead::worker {

std::vector<InventoryElement> grapheon_elements(const Inventory& inventory,
                                                WildcardListeners treatment);

// The array of a report that holds a collection.
std::string_view grapheon_array(Collection collection);

}  // namespace bulkhead::worker
