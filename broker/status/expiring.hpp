// Approvals that end soon, or have ended.
#pragma once
#include <vector>

#include "broker/context/context.hpp"
#include "common/policy/expiring.hpp"

namespace bulkhead::broker {

// policy::expiring() and pinned jobs that have ended, without one-shot jobs that have run: nobody
// waits for them. The earliest first, 32 at most.
std::vector<policy::Expiring> expiring(const Context& broker, UnixTime now);

}  // namespace bulkhead::broker
