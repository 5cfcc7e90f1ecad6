// Parses the lines of approval.policy.
#pragma once
#include "common/base/result.hpp"
#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

enum class Approves { jobs, artifacts };

// Parses the words after "profile NAME" or "artifacts".
Result<ApprovalRule> take_approval_rule(Line& line, Approves what);

}  // namespace bulkhead::policy
