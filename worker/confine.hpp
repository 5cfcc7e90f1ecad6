// The worker closes its doors: in one place, in one order, once; then it tries them.
#pragma once
#include <span>

#include "common/base/result.hpp"
#include "common/policy/wall.hpp"
#include "common/protocol/events.hpp"

namespace bulkhead::worker {

// What the broker could not do for a program that had not been loaded yet: no dumps, no executable
// memory to come, none of the present changed, Landlock, seccomp. Ids, capabilities and limits are
// gone before exec. What was handed over and cannot be applied is an error, and so is one of
// own_walls() that does not stand.
Result<> confine(const protocol::Handle& seccomp, const std::optional<protocol::Handle>& landlock);

// From inside of its control group a loopback address that no row names is refused. Before
// confine(), so that nothing else refuses it.
Result<> verify_egress(std::span<const std::uint16_t> ports);

// What it raises, or finds raised, on this kernel.
policy::WallSet own_walls(bool ruleset);

}  // namespace bulkhead::worker
