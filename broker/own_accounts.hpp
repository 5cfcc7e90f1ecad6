// The accounts of the agent's own processes, which are nobody else's.
#pragma once
#include <map>
#include <string>

#include "broker/options.hpp"

namespace bulkhead::broker {

// Whose each user id of ours is, in words: the workers' and the config reader's. Slots count that
// no backend has yet.
std::map<std::uint32_t, std::string> own_accounts(const Options& options);

}  // namespace bulkhead::broker
