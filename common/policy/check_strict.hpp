// What policy/README.md says to be strict about.
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

std::vector<PolicyRemark> check_strict(const Policy& policy, const Facts& facts);

}  // namespace bulkhead::policy
