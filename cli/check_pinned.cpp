#include "cli/check_pinned.hpp"

#include "common/admission/host_facts.hpp"
#include "common/admission/pinned.hpp"
#include "common/policy/pinned_twice.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::cli {

namespace {

std::string file_of(const policy::Approved& entry) {
    return "approved/" + entry.name + ".manifest";
}

// A host knows a job that it ran by profile and job-id. (A job that runs once does not run where
// another one of the same has.)
void check_job_ids(const policy::Policy& policy, std::vector<policy::PolicyRemark>& remarks) {
    const auto now = sys::now();
    for (auto second = policy.approved.begin(); second != policy.approved.end(); ++second) {
        for (auto first = policy.approved.begin(); first != second; ++first) {
            const auto& one = first->second.manifest;
            const auto& other = second->second.manifest;
            if (one.profile != other.profile || one.job_id != other.job_id) continue;
            if (policy::are_apart(one, other, now)) continue;
            if (!one.runs.once() && !other.runs.once()) continue;
            remarks.push_back({false, file_of(second->second),
                               "has profile and job-id of " + file_of(first->second) +
                                   ", and one of them runs once: where the other ran, it does "
                                   "not; pin it with a --job-id of its own"});
        }
    }
}

}  // namespace

std::vector<policy::PolicyRemark> check_pinned(const PolicyCopy& copy) {
    std::vector<policy::PolicyRemark> remarks;
    const auto facts = admission::look_at(copy.policy, copy.directory);
    for (const auto& one : admission::refused_pins(copy.policy, facts, sys::now())) {
        // policy::check() names the list of interpreters.
        if (one.reason == admission::Reason::interpreter_not_allowed) continue;
        remarks.push_back({false, one.file,
                           "a host refuses it as " + std::string(admission::code(one.reason)) +
                               ": " + one.detail});
    }
    check_job_ids(copy.policy, remarks);
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
