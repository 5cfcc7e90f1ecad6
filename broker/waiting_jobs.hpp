// Jobs that an earlier broker left and that are nobody's to tell of.
#pragma once
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// Those that asked for a restart of the host. In another boot than theirs they go on; in the same
// they wait, if somebody still restarts it.
Result<> take_up_waiting_jobs(const KeptJobs& kept, Context& broker);

// One whose backend is configured no more, and that has ended: nobody is left to report to.
void settle_orphan(JobNumber number, Context& broker);

}  // namespace bulkhead::broker
