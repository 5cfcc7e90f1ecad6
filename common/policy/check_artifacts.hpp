// What is odd in the rules for eBPF artifacts.
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

std::vector<PolicyRemark> check_artifacts(const Policy& policy, UnixTime now);

}  // namespace bulkhead::policy
