#include "common/admission/reason.hpp"

#include <array>

namespace bulkhead::admission {

namespace {

using enum Reason;

constexpr std::array<ReasonRow, 41> kReasons{{
    {undecided, "undecided", "no decision was reached; nothing runs"},
    {admitted, "admitted", "every check passed"},
    {not_sealed, "not-sealed", "script, manifest or signatures did not come as sealed memfds"},
    {size_exceeded, "size-exceeded", "script, manifest, signatures or parameters are too large"},
    {script_empty, "script-empty", "the script holds no byte"},
    {manifest_malformed, "manifest-malformed", "the manifest breaks the grammar; line and why"},
    {not_approved, "not-approved", "neither signed nor pinned in policy/approved"},
    {catalogue_unknown, "catalogue-unknown", "policy/approved has no script of this name"},
    {signature_malformed, "signature-malformed", "not what ssh-keygen -Y sign writes"},
    {signature_invalid, "signature-invalid",
     "an allowed key, but not its signature of these bytes"},
    {signer_unknown, "signer-unknown",
     "not by a key of policy/allowed_signers, or not made with -n bulkhead-job-v1"},
    {signer_revoked, "signer-revoked", "signed by a key that policy/revoked_signers holds"},
    {signer_not_valid, "signer-not-valid",
     "the key is not allowed at this time or not for this namespace"},
    {signer_not_in_group, "signer-not-in-group",
     "the signer is not in the group that approves jobs of this profile"},
    {author_does_not_count, "author-does-not-count", "the job's author cannot approve it"},
    {threshold_not_met, "threshold-not-met", "too few distinct people with distinct keys signed"},
    {profile_not_signable, "profile-not-signable",
     "approval.policy lets nobody approve jobs of this profile by signature"},
    {validity_too_long, "validity-too-long",
     "not-before to not-after is longer than approval.policy allows"},
    {script_hash_mismatch, "script-hash-mismatch", "the script is not the one in the manifest"},
    {script_size_mismatch, "script-size-mismatch", "the script's size is not the manifest's"},
    {interpreter_not_allowed, "interpreter-not-allowed", "not listed in interpreters.policy"},
    {interpreter_untrusted, "interpreter-untrusted",
     "absent, not owned by root, or writable by others"},
    {target_mismatch, "target-mismatch", "the job is not for this host"},
    {clock_behind, "clock-behind", "the clock is behind a time this host has already seen"},
    {too_early, "too-early", "not-before lies in the future"},
    {too_late, "too-late", "not-after has passed"},
    {delivery_already_run, "delivery-already-run", "this delivery was started before"},
    {job_already_run, "job-already-run", "a one-shot job of this id was started before"},
    {quota_exceeded, "quota-exceeded", "started as often as the manifest's runs allow, for now"},
    {ledger_full, "ledger-full", "no room to record another job, so none may start"},
    {parameter_unknown, "parameter-unknown", "a parameter the manifest does not declare"},
    {parameter_missing, "parameter-missing", "a declared parameter has no value"},
    {parameter_invalid, "parameter-invalid", "a value breaks its parameter's rule"},
    {profile_unknown, "profile-unknown", "policy/profiles has no such profile"},
    {timeout_over_ceiling, "timeout-over-ceiling", "the profile allows less time"},
    {output_over_ceiling, "output-over-ceiling", "the profile allows less output"},
    {intake_suspended, "intake-suspended", "no jobs until an operator clears it"},
    {too_many_jobs, "too-many-jobs", "as many jobs run as policy allows at once"},
    {ledger_write_failed, "ledger-write-failed",
     "the start could not be prepared, or recorded on disk"},
    {profile_unusable, "profile-unusable",
     "this host cannot give jobs of the profile what it promises: a wall, user or path"},
    {audit_write_failed, "audit-write-failed", "the admission could not be recorded in audit.log"},
}};

// code() indexes by the reason's number, so the rows must be in the order of the enumeration.
constexpr bool in_order() {
    for (std::size_t i = 0; i < kReasons.size(); ++i) {
        if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
    }
    return kReasons.size() == static_cast<std::size_t>(audit_write_failed) + 1;
}
static_assert(in_order());

}  // namespace

std::span<const ReasonRow> reasons() { return kReasons; }

std::string_view code(Reason reason) {
    const auto index = static_cast<std::size_t>(reason);
    return kReasons[index < kReasons.size() ? index : 0].code;
}

}  // namespace bulkhead::admission
