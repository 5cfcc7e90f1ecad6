// What of a policy this host, and this process as it has bound itself, can still give.
#pragma once
#include <span>
#include <string>

#include "broker/context/context.hpp"

namespace bulkhead::broker {

// The host, which lacks the walls `missing`, has what `policy` requires, and the rows of its
// workers.
Result<> require_possible(const policy::Policy& policy, std::span<const std::string> missing,
                          int landlock_abi);

// The one that `policy` makes of the capabilities that are to be had. An error says who wants more.
Result<Ceiling> ceiling_for(const ReadyPolicy& policy, std::uint64_t reachable);
// Binds root and every job it will ever start. The filter comes first: whatever is made then is
// made beneath it.
Result<> install_ceiling(const ReadyPolicy& policy);
Result<> give_up_capabilities(const ReadyPolicy& policy, const Ceiling& ceiling);

// Whether the policy wants another ceiling than stands: that takes a new process.
bool wants_other(const ReadyPolicy& policy, const Ceiling& ceiling);

}  // namespace bulkhead::broker
