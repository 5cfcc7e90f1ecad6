// STATE/worker as 0.1 left it, with two backends, five unreported jobs, and what no backend owns.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "broker/records/worker_states.hpp"

namespace bulkhead::test {

inline constexpr uid_t kOldAccount = 64'100;
inline constexpr uid_t kFirstSlot = 64'200;

// "main" has jobs 3, 5, 8, "fleet" 4 and 9; "new" was configured just now.
std::vector<records::Heir> heirs();

// Writes it into `state`, by the code that keeps it; an error in words, or "".
std::string write_old_state(const std::string& state);

// Everything beneath `path`: what it is, whose, and what it holds.
using Snapshot = std::map<std::string, std::string>;
Snapshot snapshot(const std::string& path);

// What the worker of `heir` finds in `directory`, by the code that reads it; "" if it is all that
// was written for it.
std::string what_is_lost(const std::string& directory, const records::Heir& heir);

}  // namespace bulkhead::test
