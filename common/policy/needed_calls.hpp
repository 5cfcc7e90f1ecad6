// The system calls that the agent's own parts cannot do without, so that a list written for another
// version is refused by name before anything is started under it.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// Of "worker" and "config-reader". Calls that stand only for an odd moment (abort(), a kernel without vDSO), or that
// libc takes in place of another, are not among them.
std::span<const std::string_view> needed_calls(std::string_view part);

// Those that the part's list never lets through.
std::vector<std::string> lacking_calls(std::string_view part, const SeccompList& list);

// "seccomp/worker.seccomp: has no line that allows epoll_wait, which ..."
Result<> require_calls(const Policy& policy);

}  // namespace bulkhead::policy
