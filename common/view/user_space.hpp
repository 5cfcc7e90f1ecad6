// A user namespace for a job: what its capabilities reach, and how its processes are counted.
#pragma once
#include <span>

#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::view {

// Ids of files are moved by so much, to where no account has any; and so many of them.
inline constexpr std::uint32_t kFileIdShift = std::uint32_t{1} << 31;

enum class IdMap {
    // Inside, a file's id means one that no account of the host has; a mount with this namespace as
    // its map shows its files under those, so that capabilities inside reach them and no other
    // file.
    // The job's own ids alone are what they are outside.
    files,
    // Every id means itself. For a job without capabilities, whose processes the kernel then counts
    // apart from those of other jobs of the same user (RLIMIT_NPROC, Linux 5.14).
    everybody,
};

// One with that map, made by a child that is gone by then. As root, with the host's /proc in sight.
// ENOSPC where user.max_user_namespaces forbids it.
Result<sys::Fd> make_user_namespace(const sandbox::ProcessIds& job, IdMap map);

// For good, and with every capability inside; assume_ids() follows.
Result<> enter_user_namespace(const sys::Fd& space);

}  // namespace bulkhead::view
