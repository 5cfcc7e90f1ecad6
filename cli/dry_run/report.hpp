// The result of a dry run, and its two forms: for people and for programs.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "cli/dry_run/backend_choice.hpp"
#include "cli/dry_run/host_memory.hpp"
#include "cli/vet/vet.hpp"
#include "common/admission/admit.hpp"
#include "common/approval/signed_script.hpp"

namespace bulkhead::cli {

struct Question {
    std::string file;                     // the file's name, for messages
    std::string text;                     // the file's bytes: a script, or a signed script
    std::string catalogue;                // name of a catalogue job; then there is no file
    std::optional<std::string> manifest;  // of a script that has none in its file
    std::vector<admission::ParamValue> params;
    UnixTime now;
    HostMemory memory;
    std::optional<UnixTime> born;  // the host's ledger; absent: before the job was approved
};

// Whether the job would be admitted if enough people signed it.
struct Assumption {
    bool admitted = false;
    std::string text;  // what is assumed, or what stands in the way all the same
};

struct Report {
    admission::Verdict verdict;
    std::string reason;    // the reason code; "job-unusable" if the signed script cannot be split
    std::string detail;    // for people
    std::string script;    // the script that would run
    std::string manifest;  // the manifest's bytes; empty if there is none
    bool has_signatures = false;
    std::vector<const policy::Approved*> also_pinned;  // other pinned manifests for the same script
    const policy::Profile* profile = nullptr;          // points into the policy
    std::optional<BackendChoice> choice;               // of the backend, if there is a manifest
    std::vector<std::string_view> unchecked;           // names of checks that hosts alone can make
    std::vector<std::string> assumed;                  // facts about a host that are assumed here
    std::vector<std::string> next;                     // instructions that would get it approved
    std::optional<Vetting> vetting;
    std::optional<Assumption> assumed_signed;  // if that was asked for
    std::vector<Remark>
        faults;  // new-job and seal refuse the script for these; a host does not check them
};

// Makes the decision that a host would make: splits the signed script as a worker does, then calls
// admit(). It starts no program, and opens no files but those that admission::look_at() opens.
Report examine(const Question& question, const PolicyCopy& copy);

// The check passed, but by what is assumed of the host: its detail says what was not checked.
bool is_assumed(const Report& report, const admission::Check& check);

// Instructions for what is missing for approval; empty if the job was admitted or something else is
// wrong.
std::vector<std::string> instructions(const Question& question, const Report& report,
                                      const PolicyCopy& copy);

std::string text_of(const Question& question, const Report& report, const PolicyCopy& copy);
// `brief` leaves out the rules of the seccomp lists.
std::string json_of(const Question& question, const Report& report, const PolicyCopy& copy,
                    bool brief = false);

}  // namespace bulkhead::cli
