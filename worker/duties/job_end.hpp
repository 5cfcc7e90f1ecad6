// Turns the end of a job, as the protocol has it, into the result that a dialect sends.
#pragma once
#include "common/protocol/requests.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

// All members that the broker knows: not the delivery id, the rule and the output.
JobResult result_of(const protocol::JobEnd& end);

}  // namespace bulkhead::worker
