// What a profile hides from common tools (ps, ss, df), so that nobody takes their empty answer for
// the state of the host.
#pragma once
#include <string>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// Phrases such as "has no network: ss and ip show none, curl fails"; none if tools work as outside
// a job. `calls` is the profile's seccomp list.
std::vector<std::string> hidden_from(const Profile& profile, const SeccompList& calls);

}  // namespace bulkhead::policy
