// Checks one profile: rows that let jobs write where root's programs trust the content, walls that
// the profile gives up, and system calls that defeat a row.
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

// All checks. `calls` is the profile's seccomp list.
std::vector<PolicyRemark> check_rows(const Profile& profile, const SeccompList& calls);
// Only the checks of rows against trusted_places().
std::vector<PolicyRemark> check_places(const Profile& profile);

}  // namespace bulkhead::policy
