// What is odd about where the worker may connect to.
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

std::vector<PolicyRemark> check_connects(const Policy& policy);

}  // namespace bulkhead::policy
