// Checks before any job starts whether this host can run jobs of a profile: the account, the paths
// and the walls that the profile names.
#pragma once
#include <string>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::sandbox {

struct Probe {
    std::string unusable;              // why the profile's jobs cannot run here; empty if they can
    std::vector<std::string> remarks;  // what such jobs lack, and what could not be checked
};

// `missing` are the names, as in common/policy/wall.cpp, of the walls that this host cannot raise.
// A path that this process cannot stat(2) becomes a remark.
Probe probe_profile(const policy::Profile& profile, const std::vector<std::string>& missing);

// True if a file system of this type (f_type of statfs(2)) can have ID-mapped mounts
// (mount_setattr(2)). `kernel` is the release of uname(2). An unknown type counts as one that can.
bool maps_ids_of(std::uint64_t file_system, std::string_view kernel);

}  // namespace bulkhead::sandbox
