// confine(): a process of the agent that the broker has started gives up what it does not need,
// once, in one order, and checks each step. The worker, the config reader and the loader call it.
#pragma once
#include <cstdint>

#include "common/base/result.hpp"
#include "common/policy/wall.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

// The walls that confine() must find raised on this kernel; `ruleset`: it is given a Landlock
// ruleset.
policy::WallSet own_walls(bool ruleset);

// Raises the walls that the broker cannot raise before execve(2): the parent-death signal, no core
// dumps (PR_SET_DUMPABLE), no new executable memory (PR_SET_MDWE), sealed code (mseal(2)),
// `landlock` (a ruleset; null if the broker made none), and last `seccomp` (a memfd with the
// filter). Verifies what the broker set before: ids, no_new_privs, and that each of the five sets
// of capabilities(7) is `capabilities`, a mask. Errors: a step failed, the value read back differs,
// or one of own_walls() was not raised.
Result<> confine(const sys::Fd& seccomp, const sys::Fd* landlock, std::uint64_t capabilities = 0);

}  // namespace bulkhead::sandbox
