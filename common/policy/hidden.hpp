// What a profile keeps from the eyes of common tools, so that an empty answer is not taken for a
// remark.
#pragma once
#include <string>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// A plain sentence each, with the tools that answer differently; nothing where they answer as
// everywhere. `calls` is the profile's own list.
std::vector<std::string> hidden_from(const Profile& profile, const SeccompList& calls);

}  // namespace bulkhead::policy
