// What only the host itself knows of its policy: accounts, paths, programs, walls.
#pragma once
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "common/policy/check.hpp"

namespace bulkhead::cli {

std::vector<policy::PolicyRemark> ask_host(const PolicyCopy& copy);

}  // namespace bulkhead::cli
