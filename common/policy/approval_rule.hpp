// Parses the lines of approval.policy.
#pragma once
#include "common/base/result.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// Parses the words after "profile NAME".
Result<ApprovalRule> take_approval_rule(Line& line);

}  // namespace bulkhead::policy
