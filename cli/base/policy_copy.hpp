// A policy directory as an author has it: the host's own, or a copy that a repository carries.
#pragma once
#include <string>

#include "cli/base/options.hpp"
#include "common/policy/load.hpp"

namespace bulkhead::cli {

inline constexpr const char* kPolicyDirectory = "/etc/bulkhead/policy";

// Where a vendor's policy lies if not where it was installed or built; see load_policy().
inline constexpr Option kVendorPolicy{"--vendor-policy", Option::Takes::once};

struct PolicyCopy {
    policy::Policy policy;
    policy::Files vendor;
    policy::Files files;         // the directory's own
    std::string directory;       // absolute
    std::string host_would_say;  // why a host would refuse it where it lies; empty: it would not
    bool is_copy = false;        // the directory is not root's, so nobody takes it for a host's
};

// The directory over the version's policy. An error is a wrong(): file, line, column, and what to
// do.
Result<PolicyCopy> load_policy(const std::string& directory, const Options& options);

}  // namespace bulkhead::cli
