// Why a job was admitted or refused. The codes never change, so logs, backends and scripts can rely
// on them.
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
    not_approved,
    catalogue_unknown,
    signature_malformed,
    signature_invalid,
    signer_unknown,
    signer_revoked,
    signer_not_valid,
    signer_not_in_group,
    author_does_not_count,
    threshold_not_met,
    profile_not_signable,
    validity_too_long,
    script_hash_mismatch,
    script_size_mismatch,
    interpreter_not_allowed,
    interpreter_untrusted,
    target_mismatch,
    clock_behind,
    too_early,
    too_late,
    delivery_already_run,
    job_already_run,
    quota_exceeded,
    ledger_full,
    parameter_unknown,
    parameter_missing,
    parameter_invalid,
    profile_unknown,
    timeout_over_ceiling,
    output_over_ceiling,
    intake_suspended,
    too_many_jobs,
    ledger_write_failed,
    profile_unusable,
    audit_write_failed,
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
