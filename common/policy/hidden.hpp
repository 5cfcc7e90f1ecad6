// What a profile hides from common tools (ps, ss, df), so that nobody takes their empty answer for
// the state of the host.
#pragma once
#include <string>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// A plain sentence each, with the tools that answer differently; nothing where they answer as
// everywhere. `calls` is the profile's own list.
std::vector<std::string> hidden_from(const Profile& profile, const SeccompList& calls);

}  // namespace bulkhead::policy
