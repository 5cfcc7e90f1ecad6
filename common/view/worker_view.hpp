// What of the host's file system the worker sees: the rows of its profile, and no more.
#pragma once
#include <sys/types.h>

#include <span>

#include "common/policy/policy.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::view {

// A /proc for the row of that name, of the caller's pid namespace: a mount that hangs nowhere yet.
// With `hide_others` it shows nobody other users' processes. Landlock's rules bind to what is
// mounted, so it is made before they are.
Result<sys::Fd> fresh_proc(bool hide_others = true);

// In the calling process's own mount namespace, as root: the root directory of everybody in it
// becomes an empty one with nothing but `rows` in it, read-only unless a row says write, without
// programs, devices or set-user-id. What is mounted beneath a row is not shown; it can have a row
// of its own. Needs fsmount(2) and mount_setattr(2), Linux 5.12.
Result<> narrow_view(std::span<const policy::PathRule> rows, const sys::Fd& proc);

// The same in a child that ends with it: an error is why this host cannot.
Result<> try_view(std::span<const policy::PathRule> rows);

// The same directory at the top of a mount of its own, so that no ".." leads out of it; without
// programs, devices or set-user-id.
Result<sys::Dir> detached(const sys::Dir& dir);

// Reads from outside what the kernel says is mounted for that process.
Result<> require_narrow(pid_t pid, std::span<const policy::PathRule> rows);

}  // namespace bulkhead::view
