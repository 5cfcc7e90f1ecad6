// Reads from the file system the facts about the host that admit() needs.
#pragma once
#include "common/admission/admit.hpp"

namespace bulkhead::admission {

// Intake is suspended where suspended_by() says so of the policy directory. An interpreter is
// trusted if it is an executable regular file, and root owns it and every directory and symlink on
// its path, through symlinks too, and nobody else can write to them.
//
// The caller has to set running_jobs and max_running_jobs; until then no job is admitted.
HostFacts look_at(const policy::Policy& policy, const std::string& policy_directory);

// Why the operator's directory suspends intake; "" if it does not. A file of any type named
// jobs.disabled does, or nearly so (see policy::meant_by()), and a directory that cannot be read.
std::string suspended_by(const std::string& policy_directory);

}  // namespace bulkhead::admission
