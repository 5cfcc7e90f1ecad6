// Loads a policy directory for a subcommand: the host's own, or a copy, for example in a
// repository.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/base/options.hpp"
#include "common/policy/load.hpp"

namespace bulkhead::cli {

inline constexpr const char* kPolicyDirectory = "/etc/bulkhead/policy";

// Names the directory of the vendor's policy. Without it policy::vendor_directory() finds it.
inline constexpr Option kVendorPolicy{"--vendor-policy", Option::Takes::once};

struct PolicyCopy {
    policy::Policy policy;
    policy::Files vendor;
    policy::Files files;  // the files in `directory`, without those of `left_out`
    std::map<std::string, std::string> left_out;  // by name; see load_policy()
    std::string directory;                        // absolute path
    std::string host_would_say;  // the error of a broker that loads it from there; empty if none
    bool is_copy = false;        // root does not own the directory, so it is not the host's policy
};

// Merges the directory with the vendor's policy. An error is a wrong() with file, line and column
// and what to do. Where the policy does not load, but does without the files `spare`, those are
// left out.
Result<PolicyCopy> load_policy(const std::string& directory, const Options& options,
                               const std::vector<std::string>& spare = {});

}  // namespace bulkhead::cli
