// Warnings about the worker's rows "connect" and "tcp-connect".
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

std::vector<PolicyRemark> check_connects(const Policy& policy);

}  // namespace bulkhead::policy
