// The host as admit() needs to know it: what the file system says at this moment.
#pragma once
#include "common/admission/admit.hpp"

namespace bulkhead::host {

// Is intake suspended by a file jobs.disabled in the policy directory, and which of policy's
// interpreters may be trusted: a regular executable file, which root owns and nobody else can
// change or replace anywhere along its path, symlinks and what they lead through included.
//
// How many jobs run, and how many may, is for the caller to add; until then there is room for none.
admission::HostFacts look_at(const policy::Policy& policy, const std::string& policy_directory);

}  // namespace bulkhead::host
