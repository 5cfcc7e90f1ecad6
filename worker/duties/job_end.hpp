// The end of a job in the broker's words, put into those of duties.
#pragma once
#include "common/protocol/requests.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

// All of a result that the broker knows; the id, the rule and the output are not among it.
JobResult result_of(const protocol::JobEnd& end);

}  // namespace bulkhead::worker
