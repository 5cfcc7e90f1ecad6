// Jobs of an earlier broker: those that wait for a restart of the host, and those without a
// backend.
#pragma once
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// Jobs that asked for a restart of the host. After the restart they go on, or wait for a policy if
// none is in force; before it they wait, if the restart is still pending, and are given up
// otherwise. An error is one of the disk.
Result<> take_up_waiting_jobs(const KeptJobs& kept, Context& broker);

// Those that waited for a policy go on. True if there were any. Before the first of them
// `replace_workers` is called: one that runs knows nothing of their new pipes, and would report an
// end without what came through them.
bool resume_waiting_jobs(const KeptJobs& kept, Context& broker,
                         const std::function<void()>& replace_workers);

// Acknowledges a job that has ended and whose backend is no longer configured: no worker is left
// that could report it.
void settle_orphan(JobNumber number, Context& broker);

}  // namespace bulkhead::broker
