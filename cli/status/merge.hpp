// One status of the answers of all workers, in the shape that one of them has.
#pragma once
#include <vector>

#include "cli/status/ask.hpp"

namespace bulkhead::cli {

// The members of the first answer, and all backends. What a worker says otherwise than the first
// stands in its backend's member "worker"; who said nothing, and why, in "unanswered". A worker is
// believed about its own backend alone.
StatusJson merge(const std::vector<Asked>& asked);

}  // namespace bulkhead::cli
