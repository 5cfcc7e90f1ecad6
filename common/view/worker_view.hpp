// The worker's view of the host's file system: a root directory that holds only the rows of its
// profile.
#pragma once
#include <sys/types.h>

#include <span>

#include "common/policy/policy.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::view {

// A detached mount of a new procfs instance for the caller's pid namespace. With `hide_others` it
// is mounted with hidepid=invisible: users see only their own processes (proc(5)). Make it before
// the Landlock ruleset, because a rule for /proc applies to the mount that is open when it is
// added.
Result<sys::Fd> fresh_proc(bool hide_others = true);

// Call it as root in a mount namespace of the caller's own. It replaces the root directory of all
// processes in it by one that holds only `rows`, read-only unless a row says write, and all noexec,
// nodev and nosuid. `proc` is mounted for a row "/proc". Mounts beneath a row are not shown, unless
// they have rows of their own. Kind::differs if a mount reads back differently. Needs Linux 5.12.
Result<> narrow_view(std::span<const policy::PathRule> rows, const sys::Fd& proc);

// Tries narrow_view() in a child. An error says why this host cannot make such a view.
Result<> try_view(std::span<const policy::PathRule> rows);

// The directory as the root of a detached mount of its own, so that ".." does not lead out of it;
// noexec, nodev and nosuid.
Result<sys::Dir> detached(const sys::Dir& dir);

// Checks /proc/PID/mountinfo of another process: Kind::differs unless its "/" is a tmpfs and every
// mount is read-only but for the rows to write.
Result<> require_narrow(pid_t pid, std::span<const policy::PathRule> rows);

}  // namespace bulkhead::view
