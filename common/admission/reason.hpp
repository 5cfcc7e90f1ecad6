// Why a job or an artifact was admitted or refused. The codes never change, so logs, backends and
// scripts can rely on them.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace bulkhead::admission {

enum class Reason : std::uint8_t {
    undecided = 0,  // the zero value admits nothing
    admitted,
    not_sealed,
    size_exceeded,
    script_empty,
    manifest_malformed,
    format_not_accepted,
    not_approved,
    catalogue_unknown,
    script_ambiguous,
    job_revoked,
    signature_malformed,
    signature_invalid,
    signer_unknown,
    signer_revoked,
    signer_unclear,
    signer_not_valid,
    signer_not_in_group,
    author_does_not_count,
    author_unknown,
    author_unsigned,
    signer_not_hardware,
    signer_not_verified,
    threshold_not_met,
    profile_not_signable,
    validity_too_long,
    script_hash_mismatch,
    script_size_mismatch,
    odd_bytes,
    interpreter_not_allowed,
    interpreter_untrusted,
    target_mismatch,
    target_too_wide,
    realm_mismatch,
    epoch_mismatch,
    clock_behind,
    clock_unsure,
    too_early,
    too_late,
    delivery_already_run,
    job_already_run,
    before_birth,
    not_one_shot,
    runs_over_ceiling,
    quota_exceeded,
    ledger_full,
    ledger_lost,
    ledger_rolled_back,
    parameter_unknown,
    parameter_missing,
    parameter_invalid,
    parameter_not_allowed,
    profile_unknown,
    profile_changed,
    timeout_over_ceiling,
    output_over_ceiling,
    intake_suspended,
    too_many_jobs,
    ledger_write_failed,
    profile_unusable,
    audit_write_failed,
    evidence_write_failed,
    // Of artifacts alone.
    artifacts_not_enabled,
    artifacts_not_signable,
    artifact_ambiguous,
    artifact_revoked,
    artifact_withdrawn,
    object_empty,
    object_hash_mismatch,
    object_size_mismatch,
    program_type_not_allowed,
    attach_not_allowed,
    ttl_over_ceiling,
    cpu_over_ceiling,
    pin_not_allowed,
    too_many_artifacts,
    loader_unusable,
};

struct ReasonRow {
    Reason reason;
    std::string_view code;         // "job-already-run"; never renamed, never reused
    std::string_view explanation;  // one line for people
};

// Every reason, in the order of the checks. `bulkhead reasons` prints the documentation from it.
std::span<const ReasonRow> reasons();
std::string_view code(Reason reason);

}  // namespace bulkhead::admission
