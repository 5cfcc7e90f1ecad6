// The ceiling of root: the seccomp filter and the bounding set that this process and all its
// children have, and whether a policy can be put in force below it.
#pragma once
#include <span>
#include <string>

#include "broker/context/context.hpp"
#include "broker/options.hpp"

namespace bulkhead::broker {

// An error when policy::judge() finds one, for a host that lacks the walls `missing` and a broker
// that was started with the capabilities `reachable`; or when no Landlock ruleset can be made of
// the rows of its workers.
Result<> require_possible(const policy::Policy& policy, const Options& options,
                          std::span<const std::string> missing, std::uint64_t reachable,
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
