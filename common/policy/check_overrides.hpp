// Describes how files of the operator's policy directory change the vendor's, and finds those that
// were written for an older version.
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

// Warns of each file that replaces one of the vendor and lacks a key, or in a list a system call,
// that the vendor's file has.
std::vector<PolicyRemark> check_overrides(const Policy& policy, const Files& vendor,
                                          const Files& operators);

}  // namespace bulkhead::policy
