#include "cli/check_pinned.hpp"

#include <algorithm>
#include <array>

#include "common/admission/host_facts.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

using enum admission::Reason;

// The reasons that follow from policy and manifest alone, whatever the host and its ledger are.
constexpr std::array kOfPolicy{realm_mismatch,    validity_too_long,     not_one_shot,
                               runs_over_ceiling, parameter_not_allowed, target_too_wide,
                               profile_changed};

std::string file_of(const policy::Approved& entry) {
    return "approved/" + entry.name + ".manifest";
}

}  // namespace

std::vector<policy::PolicyRemark> check_pinned(const PolicyCopy& copy) {
    std::vector<policy::PolicyRemark> remarks;
    const auto facts = admission::look_at(copy.policy, copy.directory);
    for (const auto& [name, entry] : copy.policy.approved) {
        const admission::JobBytes job{.script = "#", .manifest = entry.bytes};
        for (const auto& check : admission::admit(job, copy.policy, facts, {}, sys::now()).checks) {
            if (std::ranges::count(kOfPolicy, check.reason) == 0) continue;
            remarks.push_back({false, file_of(entry),
                               "a host refuses it as " +
                                   std::string(admission::code(check.reason)) + ": " +
                                   check.detail});
        }
    }
    for (const auto& [file, choice] : choices_of_pinned(copy.policy)) {
        for (const auto& warning : choice.warnings) remarks.push_back({false, file, warning});
    }
    return remarks;
}

std::vector<PinnedChoice> choices_of_pinned(const policy::Policy& policy) {
    std::vector<PinnedChoice> choices;
    for (const auto& [name, entry] : policy.approved) {
        const auto* profile = policy::find(policy.profiles, entry.manifest.profile);
        choices.push_back({file_of(entry), backend_choice(entry.manifest, profile)});
    }
    return choices;
}

}  // namespace bulkhead::cli
