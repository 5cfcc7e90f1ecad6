// The digest of all that decides what a job of a profile may do.
#pragma once
#include <string_view>

#include "common/crypto/sha256.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// SHA-256 of those lines of Policy::file_list that are about the profile's file, its seccomp list,
// the ceiling (the broker's list), and files that add lines to one of these. The profile must be in
// the policy. policy/README.md has the command that computes the same.
crypto::Digest profile_digest(const Policy& policy, const Profile& profile);

}  // namespace bulkhead::policy
