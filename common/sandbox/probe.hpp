// What this host makes of a profile, asked before a job is: its account, its rows, its walls.
#pragma once
#include <string>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::sandbox {

struct Probe {
    std::string unusable;              // why its jobs cannot run here; empty: they can
    std::vector<std::string> remarks;  // what they run without
};

// `missing`: the walls that this host cannot raise, by the names of policy/walls.hpp. What this
// process may not look at is a remark.
Probe probe_profile(const policy::Profile& profile, const std::vector<std::string>& missing);

// Can trees of this file system, statfs(2)'s f_type, be mounted with mapped ids? `kernel` is
// uname(2)'s release.
bool maps_ids_of(std::uint64_t file_system, std::string_view kernel);

}  // namespace bulkhead::sandbox
