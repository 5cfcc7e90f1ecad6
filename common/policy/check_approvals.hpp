// Remarks about who may approve jobs, and about what binds an approval.
#pragma once
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

// About the lines of approval.policy: what nobody can fulfil, and what asks for little.
std::vector<PolicyRemark> check_approval_rules(const Policy& policy, UnixTime now);
// About manifests of format v1, which can name neither realm nor epoch.
std::vector<PolicyRemark> check_formats(const Policy& policy, UnixTime now);

}  // namespace bulkhead::policy
