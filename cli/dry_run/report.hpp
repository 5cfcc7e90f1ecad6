// What a dry run finds out, and its two forms: for people and for programs.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/base/policy_copy.hpp"
#include "cli/vet/vet.hpp"
#include "common/admission/admit.hpp"
#include "common/approval/signed_script.hpp"

namespace bulkhead::cli {

struct Question {
    std::string file;       // its name, for messages
    std::string text;       // its bytes: a script, or a signed script
    std::string catalogue;  // instead of a file
    std::vector<admission::ParamValue> params;
    UnixTime now;
};

struct Report {
    admission::Verdict verdict;
    std::string reason;  // its code; "job-unusable" when there was nothing to judge
    std::string detail;  // for people
    std::string script;  // the one that would run
    bool has_signatures = false;
    std::vector<const policy::Approved*> also_pinned;  // other manifests of a bare script's bytes
    const policy::Profile* profile = nullptr;          // of the policy it was made from
    std::vector<std::string> assumed;                  // what a host knows and we do not
    std::vector<std::string> next;                     // what is missing, as instructions
    std::optional<Vetting> vetting;
    std::vector<Remark>
        faults;  // for which new-job and seal refuse the script, whatever a host says
};

// The host's own decision: worker's half (taking the signed script apart), then admit(). Starts no
// program and opens nothing but what look_at() looks at.
Report examine(const Question& question, const PolicyCopy& copy);

// What would get the job approved; nothing when approval is not what it lacks.
std::vector<std::string> instructions(const Question& question, const Report& report,
                                      const PolicyCopy& copy);

std::string text_of(const Question& question, const Report& report, const PolicyCopy& copy);
std::string json_of(const Question& question, const Report& report, const PolicyCopy& copy);

}  // namespace bulkhead::cli
