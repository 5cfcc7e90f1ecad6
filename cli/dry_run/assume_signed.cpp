#include "cli/dry_run/assume_signed.hpp"

#include <algorithm>
#include <array>

#include "common/policy/judge.hpp"

namespace bulkhead::cli {

namespace {

using enum admission::Reason;

// What signatures and values of parameters would mend. Whatever else fails, such as a signature
// that is wrong, stays so.
constexpr std::array kAssumed{not_approved, author_unsigned, threshold_not_met, parameter_missing};

const admission::Check* failed_for_another_reason(const Report& report) {
    for (const auto& check : report.verdict.checks) {
        if (check.outcome == admission::CheckOutcome::failed &&
            std::ranges::count(kAssumed, check.reason) == 0) {
            return &check;
        }
    }
    return nullptr;
}

bool lacks_signatures(const Report& report) {
    return std::ranges::any_of(report.verdict.checks, [](const auto& check) {
        return check.outcome == admission::CheckOutcome::failed &&
               check.reason != parameter_missing;
    });
}

std::string values_for(const Question& question, const approval::Manifest& manifest) {
    std::string names;
    for (const auto& rule : manifest.params) {
        if (std::ranges::count(question.params, rule.name, &admission::ParamValue::name) > 0) {
            continue;
        }
        names += (names.empty() ? "" : ", ") + rule.name;
    }
    return names.empty() ? "" : "a fitting value of " + names;
}

}  // namespace

Assumption assume_signed(const Question& question, const Report& report,
                         const policy::Policy& policy) {
    if (report.verdict.admitted) return {true, "nothing: it is admitted as it is"};
    if (report.verdict.checks.empty()) return {false, report.reason + ": " + report.detail};
    const auto& manifest = report.verdict.manifest;
    if (const auto* check = failed_for_another_reason(report)) {
        return {false, std::string(admission::code(check->reason)) + ": " + check->detail};
    }
    if (!manifest) {
        return {true,
                "a manifest that fits (see bulkhead new-job; --manifest FILE has it judged), and "
                "enough signatures: of this script nothing but itself was looked at"};
    }
    const auto values = values_for(question, *manifest);
    if (!lacks_signatures(report)) return {true, values};
    const auto* rule = policy::find(policy.approvals, manifest->profile);
    if (rule == nullptr || rule->needs.empty()) {
        return {false,
                "profile-not-signable: approval.policy lets nobody approve jobs of profile " +
                    manifest->profile + " by signature"};
    }
    const auto able = policy::able_signers(policy, *rule, question.now);
    if (auto why = policy::why_nobody(policy, policy::use_of(manifest->profile), *rule, able);
        !why.empty()) {
        return {false, "threshold-not-met: " + why};
    }
    return {true, values + (values.empty() ? "" : ", and ") + "signatures by " +
                      policy::in_words(rule->needs) +
                      (rule->author_counts ? "" : " and by its author, " + manifest->author)};
}

}  // namespace bulkhead::cli
