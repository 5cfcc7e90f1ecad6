// A policy directory as an author has it: the host's own, or a copy that a repository carries.
#pragma once
#include <string>

#include "common/policy/policy.hpp"

namespace bulkhead::cli {

inline constexpr const char* kPolicyDirectory = "/etc/bulkhead/policy";

struct PolicyCopy {
    policy::Policy policy;
    std::string directory;       // absolute
    std::string host_would_say;  // why a host would refuse it where it lies; empty: it would not
    bool is_copy = false;        // the directory is not root's, so nobody takes it for a host's
};

// An error is a wrong(): file, line, column, and what to do.
Result<PolicyCopy> load_policy(const std::string& directory);

}  // namespace bulkhead::cli
