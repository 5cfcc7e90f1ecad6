// The ceiling of root: the seccomp filter and the bounding set that this process and all its
// children have, and whether a policy can be put in force below it.
#pragma once
#include <span>
#include <string>

#include "broker/context/context.hpp"

namespace bulkhead::broker {

// An error when the host, which lacks the walls `missing`, does not have what `policy` requires, or
// cannot make a Landlock ruleset of the rows of its workers.
Result<> require_possible(const policy::Policy& policy, std::span<const std::string> missing,
                          int landlock_abi);

// The ceiling that `policy` asks for, out of the capabilities `reachable`. An error names the
// profile that needs another one.
Result<Ceiling> ceiling_for(const ReadyPolicy& policy, std::uint64_t reachable);
// Both bind root and every process that it will ever start. The filter comes first, so that all
// that starts the config reader and the workers is under it.
Result<> install_ceiling(const ReadyPolicy& policy);
Result<> give_up_capabilities(const ReadyPolicy& policy, const Ceiling& ceiling);

// True when `policy` asks for another ceiling than this process has: only a restart can raise it.
bool wants_other(const ReadyPolicy& policy, const Ceiling& ceiling);

}  // namespace bulkhead::broker
