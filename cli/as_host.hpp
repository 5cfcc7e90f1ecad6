// Checks a policy against the host that the program runs on: accounts, paths, programs, walls.
#pragma once
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "common/policy/check.hpp"

namespace bulkhead::cli {

std::vector<policy::PolicyRemark> ask_host(const PolicyCopy& copy);

}  // namespace bulkhead::cli
