// Merges the answers of all workers into one, of the same form as a single answer.
#pragma once
#include <vector>

#include "cli/status/ask.hpp"

namespace bulkhead::cli {

// The result has the members of the first answer and an entry for each backend. A backend's member
// "worker" has the values in which its worker differs from the first. "unanswered" has the backends
// without an answer, and why. Only a worker's statements about its own backend are used.
StatusJson merge(const std::vector<Asked>& asked);

}  // namespace bulkhead::cli
