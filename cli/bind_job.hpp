// What binds a new job to its author and its hosts: options of `bulkhead new-job`, and what the
// policy of the hosts says where they say nothing.
#pragma once
#include <span>

#include "cli/make_job.hpp"
#include "common/admission/admit.hpp"

namespace bulkhead::cli {

// What binds a manifest to its author and its hosts.
struct Binding {
    std::string author;
    std::string realm;
    std::optional<std::uint32_t> epoch;
    std::chrono::seconds early{};  // so much earlier it begins, as clocks of hosts may be behind
};

// `rule`: who approves it, by the policy; null if nobody does by signature. Errors are wrong().
Result<Binding> binding_of(const Options& options, By by, const std::optional<PolicyCopy>& policy,
                           const policy::ApprovalRule* rule);

// A reason that follows from policy and manifest alone, and the option that mends it.
struct OptionOf {
    admission::Reason reason;
    std::string_view option;
    bool elsewhere = false;  // hosts with another policy may take it, so it is a note
};
// An error for each option by which a host would refuse what was judged.
Result<> refuse_options(const std::vector<admission::Check>& checks, std::span<const OptionOf> rows,
                        const PolicyCopy& policy);

// Sets format, author, realm, epoch and profile-sha256; reads the profile's name. Errors are
// wrong().
Result<> bind_job(approval::Manifest& job, const Options& options, By by,
                  const std::optional<PolicyCopy>& policy);

// An error for each option by which every host with that policy would refuse the job. What is to be
// asked of other hosts, such as another realm, is a note on standard error.
Result<> require_allowed(const NewJob& job, By by, const PolicyCopy& policy);

}  // namespace bulkhead::cli
