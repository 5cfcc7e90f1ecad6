// What is strange about one profile: rows where root trusts what it finds, walls given up, calls
// that undo what a row promises.
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

// `calls` is the profile's own list.
std::vector<PolicyRemark> check_rows(const Profile& profile, const SeccompList& calls);
// Of that only what concerns the places of rows.
std::vector<PolicyRemark> check_places(const Profile& profile);

}  // namespace bulkhead::policy
