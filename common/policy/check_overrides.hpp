// What the operator's files do to the vendor's, and which of them are older than those.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/check.hpp"
#include "common/policy/load.hpp"

namespace bulkhead::policy {

// "replaces", "adds" or "copy".
std::string_view name_of(Override::Kind kind);
// "replaces what this version has"
std::string in_words(const Override& one);

// A file that replaces the vendor's and lacks a key of it, or a list that lacks a call of it.
std::vector<PolicyRemark> check_overrides(const Policy& policy, const Files& vendor,
                                          const Files& operators);

}  // namespace bulkhead::policy
