// `bulkhead-broker --migrate-back`: the state of all workers as 0.1 had it, for a host that goes
// back to it.
#pragma once
#include "broker/options.hpp"

namespace bulkhead::broker {

// Fails while a broker runs (the ledger is locked). Returns a line for each thing that stays
// behind.
Result<std::vector<std::string>> migrate_back(const Options& options);

}  // namespace bulkhead::broker
