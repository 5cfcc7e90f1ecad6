// The accounts of the agent's own processes, which are nobody else's.
#pragma once
#include "broker/options.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::broker {

// An error if jobs of a profile would have the account of a worker or of the config reader, whose
// files and processes would be theirs, or be root under another name than "root". It names the line
// and says what to write. An account that is missing is no error here: its profile is unusable.
Result<> keep_jobs_apart(const policy::Policy& policy, const Options& options);

}  // namespace bulkhead::broker
