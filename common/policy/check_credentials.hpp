// Warnings about rows of credentials.policy.
#pragma once
#include <span>
#include <vector>

#include "common/policy/check.hpp"

namespace bulkhead::policy {

std::vector<PolicyRemark> check_credentials(std::span<const CredentialRow> rows);

}  // namespace bulkhead::policy
