// Turns the profile of a part of the agent (worker, config reader) into what confines its process.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "broker/processes/confined_process.hpp"
#include "broker/processes/ready_policy.hpp"
#include "common/protocol/schema.hpp"

namespace bulkhead::broker {

// What is the same for every such process on this host.
struct PartGround {
    int program = -1;       // borrowed
    bool own_view = false;  // the kernel can make one
    bool limit_threads_by_user = false;
};
// Without arguments, environment, user and cgroup.
ProcessPlan plan_of(const policy::Profile& part, std::string name, const PartGround& ground);

// For Setup and ReadConfig. `writable` are directories besides the profile's rows; nothing without
// Landlock.
Result<std::optional<protocol::Handle>> ruleset_of(const policy::Profile& part,
                                                   std::span<const int> writable, int proc,
                                                   int landlock_abi);

// All that confines a worker, or that it is told once: two policies in which this is the same need
// no other worker. Reasons and places of lines do not count.
crypto::Digest walls_of_workers(const ReadyPolicy& policy);

}  // namespace bulkhead::broker
