// Remarks about who may approve jobs, and about what binds an approval.
#pragma once
#include <vector>

#include "common/approval/threshold.hpp"
#include "common/policy/check.hpp"

namespace bulkhead::policy {

// About the lines of approval.policy: what nobody can fulfil, and what asks for little.
std::vector<PolicyRemark> check_approval_rules(const Policy& policy, UnixTime now);
// One for each principal and key whose signature can count under the rule at that time, the
// author's as well.
std::vector<approval::Endorsement> able_signers(const Policy& policy, const ApprovalRule& rule,
                                                UnixTime now);
// About manifests of format v1, which can name neither realm nor epoch.
std::vector<PolicyRemark> check_formats(const Policy& policy, UnixTime now);

}  // namespace bulkhead::policy
