// What this host makes of each profile: the plan of its jobs, and whether its walls can be raised.
#pragma once
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// The part of a job's plan that follows from its profile and this host. An error when an account or
// group of the profile does not exist.
Result<JobPlan> plan_of(const policy::Profile& profile, const ReadyPolicy& policy,
                        const Context& broker);

// Tries in a child what each profile asks of the kernel, and fills in policy.profiles. A profile
// for which a wall, user or path is missing here is unusable, and says which.
void assess(ReadyPolicy& policy, const Context& broker);

// "profile NAME: WHY" for each unusable profile; goes to the worker with the missing walls.
std::vector<std::string> unusable(const ReadyPolicy& policy);

}  // namespace bulkhead::broker
