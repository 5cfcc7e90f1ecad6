// confine(): the worker gives up what it does not need, once, in one order, and checks each step.
#pragma once
#include <span>

#include "common/base/result.hpp"
#include "common/policy/wall.hpp"
#include "common/protocol/events.hpp"

namespace bulkhead::worker {

// Raises the walls that the broker cannot raise before execve(2): the parent-death signal, no core
// dumps (PR_SET_DUMPABLE), no new executable memory (PR_SET_MDWE), sealed code (mseal(2)),
// `landlock` (a ruleset, if the broker made one), and last `seccomp` (a memfd with the filter).
// Verifies what the broker set before: ids, capabilities, no_new_privs. Errors: a step failed, the
// value read back differs, or one of own_walls() was not raised.
Result<> confine(const protocol::Handle& seccomp, const std::optional<protocol::Handle>& landlock);

// Verifies that the BPF program of this process's cgroup is in force: connect(2) of a UDP socket to
// a loopback port that is neither 53 nor one of `ports` must fail with EPERM. Call it before
// confine(), so that nothing else can refuse it.
Result<> verify_egress(std::span<const std::uint16_t> ports);

// The walls that confine() must find raised on this kernel; `ruleset`: it is given a Landlock
// ruleset.
policy::WallSet own_walls(bool ruleset);

}  // namespace bulkhead::worker
