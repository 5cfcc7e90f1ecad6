// What check-policy says of the manifests in approved/.
#pragma once
#include <string>
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "cli/dry_run/backend_choice.hpp"
#include "common/policy/check.hpp"

namespace bulkhead::cli {

// Errors for manifests that a host refuses because of what approval.policy, host.policy or the
// profile say, and warnings for those that leave a backend too much.
std::vector<policy::PolicyRemark> check_pinned(const PolicyCopy& copy);

struct PinnedChoice {
    std::string file;  // "approved/clean.manifest"
    BackendChoice choice;
};
std::vector<PinnedChoice> choices_of_pinned(const policy::Policy& policy);

}  // namespace bulkhead::cli
