// The system calls that worker, config reader and loader need. A seccomp list that denies one of
// them was written for another version, and is refused before a process is started with it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// The calls of "worker", "config-reader" or "loader"; none for other parts. Calls that only rare
// cases need (abort(3), a kernel without vDSO), or that libc uses in place of another, are not
// included.
std::span<const std::string_view> needed_calls(std::string_view part);

// The needed calls that the list allows with no arguments whatsoever.
std::vector<std::string> lacking_calls(std::string_view part, const SeccompList& list);

}  // namespace bulkhead::policy
