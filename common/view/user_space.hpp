// Makes user namespaces (user_namespaces(7)) for jobs. They limit which files a job's capabilities
// apply to, and count its processes apart from those of other jobs.
#pragma once
#include <span>

#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::view {

// IdMap::files adds this number to each id of a file. No account of the host may have ids from here
// on. Ids below kFileIdShift - 1 are mapped.
inline constexpr std::uint32_t kFileIdShift = std::uint32_t{1} << 31;

enum class IdMap {
    // Id n inside is id n + kFileIdShift outside; only the job's own ids are the same on both
    // sides.
    // An ID-mapped mount with this namespace shows its files under the shifted ids. So the job's
    // capabilities apply to files on such mounts, and to no other files of the host.
    files,
    // Every id is the same inside and outside. For a job without capabilities: the kernel counts
    // its
    // processes apart from those of other jobs of the same user (RLIMIT_NPROC, Linux 5.14).
    everybody,
};

// A new user namespace with that map. A child makes it and has ended on return. Needs root and the
// host's /proc. Code ENOSPC if user.max_user_namespaces is reached.
Result<sys::Fd> make_user_namespace(const sandbox::ProcessIds& job, IdMap map);

// Moves the calling process into the namespace for good (setns(2)), which gives it every capability
// there; call assume_ids() next.
Result<> enter_user_namespace(const sys::Fd& space);

}  // namespace bulkhead::view
