#include "common/admission/reason.hpp"

#include <array>

namespace bulkhead::admission {

namespace {

using enum Reason;

constexpr std::array<ReasonRow, 77> kReasons{{
    {undecided, "undecided", "no decision was reached; nothing runs"},
    {admitted, "admitted", "every check passed"},
    {not_sealed, "not-sealed",
     "script, object, manifest or signatures did not come as sealed memfds"},
    {size_exceeded, "size-exceeded",
     "script, object, manifest, signatures or parameters are too large"},
    {script_empty, "script-empty", "the script holds no byte"},
    {manifest_malformed, "manifest-malformed", "the manifest breaks the grammar; line and why"},
    {format_not_accepted, "format-not-accepted",
     "the manifest is of a format that host.policy takes no longer"},
    {not_approved, "not-approved", "neither signed nor pinned in policy/approved"},
    {catalogue_unknown, "catalogue-unknown", "policy/approved has no script of this name"},
    {script_ambiguous, "script-ambiguous",
     "two pinned manifests have this script, and approval.policy does not say which decides"},
    {job_revoked, "job-revoked", "policy/revoked_jobs withdraws this manifest or job id"},
    {signature_malformed, "signature-malformed", "not what ssh-keygen -Y sign writes"},
    {signature_invalid, "signature-invalid",
     "an allowed key, but not its signature of these bytes"},
    {signer_unknown, "signer-unknown",
     "not by a key of policy/allowed_signers, or not made with -n bulkhead-job-v1; of an artifact "
     "with -n bulkhead-artifact-v1"},
    {signer_revoked, "signer-revoked", "signed by a key that policy/revoked_signers holds"},
    {signer_unclear, "signer-unclear",
     "a line of policy/allowed_signers for the signer is not understood"},
    {signer_not_valid, "signer-not-valid",
     "the key is not allowed at this time or not for this namespace"},
    {signer_not_in_group, "signer-not-in-group",
     "the signer is not in the group that approves jobs of this profile"},
    {author_does_not_count, "author-does-not-count", "the job's author cannot approve it"},
    {author_unknown, "author-unknown", "the author is no principal of policy/allowed_signers"},
    {author_unsigned, "author-unsigned", "the author has not signed"},
    {signer_not_hardware, "signer-not-hardware",
     "approval.policy asks for keys in hardware tokens, and this is none"},
    {signer_not_verified, "signer-not-verified",
     "approval.policy asks that tokens verify their user, and this one did not"},
    {threshold_not_met, "threshold-not-met", "too few distinct people with distinct keys signed"},
    {profile_not_signable, "profile-not-signable",
     "approval.policy lets nobody approve jobs of this profile by signature"},
    {validity_too_long, "validity-too-long",
     "not-before to not-after is longer than approval.policy allows"},
    {script_hash_mismatch, "script-hash-mismatch", "the script is not the one in the manifest"},
    {script_size_mismatch, "script-size-mismatch", "the script's size is not the manifest's"},
    {odd_bytes, "odd-bytes",
     "the script or manifest holds what people do not see, and the manifest does not say so"},
    {interpreter_not_allowed, "interpreter-not-allowed", "not listed in interpreters.policy"},
    {interpreter_untrusted, "interpreter-untrusted",
     "absent, not owned by root, or writable by others"},
    {target_mismatch, "target-mismatch", "the job is not for this host"},
    {target_too_wide, "target-too-wide",
     "approval.policy does not let jobs of this profile be for any host"},
    {realm_mismatch, "realm-mismatch", "the manifest is for another realm than this host"},
    {epoch_mismatch, "epoch-mismatch", "the manifest is of another epoch than host.policy says"},
    {clock_behind, "clock-behind", "the clock is behind a time this host has already seen"},
    {clock_unsure, "clock-unsure",
     "the clock is behind a time it once showed and that nothing vouched for"},
    {too_early, "too-early", "not-before lies in the future"},
    {too_late, "too-late", "not-after has passed"},
    {delivery_already_run, "delivery-already-run", "this delivery was started before"},
    {job_already_run, "job-already-run", "a one-shot job of this id was started before"},
    {before_birth, "before-birth",
     "a one-shot approved before this host remembers; it may have run here"},
    {not_one_shot, "not-one-shot", "approval.policy lets jobs of this profile run once only"},
    {runs_over_ceiling, "runs-over-ceiling",
     "approval.policy lets jobs of this profile run less often"},
    {quota_exceeded, "quota-exceeded", "started as often as the manifest's runs allow, for now"},
    {ledger_full, "ledger-full", "no room to record another job, so none may start"},
    {ledger_lost, "ledger-lost",
     "the memory of what ran here is gone; bulkhead accept-lost-ledger"},
    {ledger_rolled_back, "ledger-rolled-back",
     "the memory of what ran here is older than the audit log"},
    {parameter_unknown, "parameter-unknown", "a parameter the manifest does not declare"},
    {parameter_missing, "parameter-missing", "a declared parameter has no value"},
    {parameter_invalid, "parameter-invalid", "a value breaks its parameter's rule"},
    {parameter_not_allowed, "parameter-not-allowed",
     "approval.policy does not allow parameters of this kind"},
    {profile_unknown, "profile-unknown", "policy/profiles has no such profile"},
    {profile_changed, "profile-changed",
     "the profile is not the one whose digest the manifest has"},
    {timeout_over_ceiling, "timeout-over-ceiling", "the profile allows less time"},
    {output_over_ceiling, "output-over-ceiling", "the profile allows less output"},
    {intake_suspended, "intake-suspended", "no jobs until an operator clears it"},
    {too_many_jobs, "too-many-jobs", "as many jobs run as policy allows at once"},
    {ledger_write_failed, "ledger-write-failed",
     "the start could not be prepared, or recorded on disk"},
    {profile_unusable, "profile-unusable",
     "this host cannot give jobs of the profile what it promises: a wall, user or path"},
    {audit_write_failed, "audit-write-failed", "the admission could not be recorded in audit.log"},
    {evidence_write_failed, "evidence-write-failed", "what was approved could not be kept on disk"},
    {artifacts_not_enabled, "artifacts-not-enabled",
     "policy has no artifacts.policy, so no eBPF artifact is loaded"},
    {artifacts_not_signable, "artifacts-not-signable",
     "approval.policy lets nobody approve artifacts by signature"},
    {artifact_ambiguous, "artifact-ambiguous",
     "two pinned manifests have this object and are for this host now"},
    {artifact_revoked, "artifact-revoked",
     "policy/revoked_jobs withdraws this manifest or artifact id"},
    {artifact_withdrawn, "artifact-withdrawn",
     "an operator removed this manifest's artifact here, or its guard rolled it back"},
    {object_empty, "object-empty", "the object file holds no byte"},
    {object_hash_mismatch, "object-hash-mismatch",
     "the object file is not the one in the manifest"},
    {object_size_mismatch, "object-size-mismatch", "the object file's size is not the manifest's"},
    {program_type_not_allowed, "program-type-not-allowed",
     "artifacts.policy allows no program of this type"},
    {attach_not_allowed, "attach-not-allowed",
     "artifacts.policy does not allow the program to be attached there"},
    {ttl_over_ceiling, "ttl-over-ceiling", "artifacts.policy allows a shorter ttl"},
    {cpu_over_ceiling, "cpu-over-ceiling", "artifacts.policy allows less processor time"},
    {pin_not_allowed, "pin-not-allowed",
     "artifacts.policy does not let programs outlive the broker"},
    {too_many_artifacts, "too-many-artifacts",
     "as many artifacts are loaded as artifacts.policy allows"},
    {loader_unusable, "loader-unusable", "this host cannot start the loader; the detail says why"},
}};

// code() indexes by the reason's number, so the rows must be in the order of the enumeration.
constexpr bool in_order() {
    for (std::size_t i = 0; i < kReasons.size(); ++i) {
        if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
    }
    return kReasons.size() == static_cast<std::size_t>(loader_unusable) + 1;
}
static_assert(in_order());

}  // namespace

std::span<const ReasonRow> reasons() { return kReasons; }

std::string_view code(Reason reason) {
    const auto index = static_cast<std::size_t>(reason);
    return kReasons[index < kReasons.size() ? index : 0].code;
}

}  // namespace bulkhead::admission
