#include "common/admission/pinned.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "common/admission/admit_artifact.hpp"

namespace bulkhead::admission {

namespace {

using enum Reason;

constexpr std::array kOfPolicy{realm_mismatch,    validity_too_long,      not_one_shot,
                               runs_over_ceiling, parameter_not_allowed,  target_too_wide,
                               profile_changed,   interpreter_not_allowed};
constexpr std::array kOfArtifacts{realm_mismatch,        validity_too_long,        target_too_wide,
                                  artifacts_not_enabled, attach_not_allowed,       ttl_over_ceiling,
                                  cpu_over_ceiling,      program_type_not_allowed, pin_not_allowed};

void add(std::vector<RefusedPin>& refused, const std::string& file,
         const std::vector<Check>& checks, std::span<const Reason> reasons) {
    for (const auto& check : checks) {
        if (std::ranges::count(reasons, check.reason) == 0) continue;
        refused.push_back({file, check.reason, check.detail});
    }
}

}  // namespace

std::vector<RefusedPin> refused_pins(const policy::Policy& policy, const HostFacts& facts,
                                     UnixTime now) {
    std::vector<RefusedPin> refused;
    for (const auto& [name, entry] : policy.approved) {
        const JobBytes job{.script = "#", .manifest = entry.bytes};
        add(refused, "approved/" + name + ".manifest", admit(job, policy, facts, {}, now).checks,
            kOfPolicy);
    }
    for (const auto& [name, entry] : policy.approved_artifacts) {
        const ArtifactBytes artifact{.elf = "#", .manifest = entry.bytes};
        add(refused, "approved/" + name + ".artifact",
            admit_artifact(artifact, policy, {}, {}, now).checks, kOfArtifacts);
    }
    return refused;
}

}  // namespace bulkhead::admission
