// Checks a policy against the host that the program runs on: accounts, paths, programs, walls.
#pragma once
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "common/policy/check.hpp"

namespace bulkhead::cli {

// What policy::judge() has to know of this host. Capabilities are those of this process: the
// broker's unit may give it fewer (CapabilityBoundingSet=, systemd.exec(5)).
policy::HostFacts host_facts();

// What judge() does not tell.
std::vector<policy::PolicyRemark> ask_host(const PolicyCopy& copy, const policy::HostFacts& host);

}  // namespace bulkhead::cli
