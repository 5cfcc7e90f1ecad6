#include "common/admission/pinned.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::admission {

namespace {

using enum Reason;

constexpr std::array kOfPolicy{realm_mismatch,    validity_too_long,      not_one_shot,
                               runs_over_ceiling, parameter_not_allowed,  target_too_wide,
                               profile_changed,   interpreter_not_allowed};

}  // namespace

std::vector<RefusedPin> refused_pins(const policy::Policy& policy, const HostFacts& facts,
                                     UnixTime now) {
    std::vector<RefusedPin> refused;
    for (const auto& [name, entry] : policy.approved) {
        const JobBytes job{.script = "#", .manifest = entry.bytes};
        for (const auto& check : admit(job, policy, facts, {}, now).checks) {
            if (std::ranges::count(kOfPolicy, check.reason) == 0) continue;
            refused.push_back({"approved/" + name + ".manifest", check.reason, check.detail});
        }
    }
    return refused;
}

}  // namespace bulkhead::admission
