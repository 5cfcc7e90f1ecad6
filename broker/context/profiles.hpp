// What this host makes of each profile: the plan of its jobs, and whether its walls can be raised.
#pragma once
#include "broker/context/context.hpp"

namespace bulkhead::broker {

// All of a job's plan that its profile and this host decide.
Result<JobPlan> plan_of(const policy::Profile& profile, const ReadyPolicy& policy,
                        const Context& broker);

// Tries each profile as a job would have it, in a child, and fills in policy.profiles. One that
// cannot be had here is unusable, and says which wall, user or path it lacks.
void assess(ReadyPolicy& policy, const Context& broker);

// "profile NAME: WHY" of each that is unusable: told with what the kernel lacks.
std::vector<std::string> unusable(const ReadyPolicy& policy);

}  // namespace bulkhead::broker
