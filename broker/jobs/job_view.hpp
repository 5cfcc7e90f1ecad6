// What of the host's file system a job sees.
#pragma once
#include <array>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::broker {

// What a private /tmp covers.
inline constexpr std::array<const char*, 2> kScratch{"/tmp", "/var/tmp"};

// In the job's own mount namespace, as root: everything read-only and nosuid except the profile's
// write paths, fresh /tmp and /var/tmp, its own /proc. Without a mount namespace it does nothing.
// Reads back what it has set.
Result<> make_view(const policy::Profile& profile);

// mount_setattr(2), Linux 5.12; before that a view stays writable where permissions allow, and
// Landlock or file modes are what holds.
bool has_read_only_views();

}  // namespace bulkhead::broker
