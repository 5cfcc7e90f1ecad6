// What binds a new job to its author and its hosts: options of `bulkhead new-job`, and what the
// policy of the hosts says where they say nothing.
#pragma once
#include "cli/make_job.hpp"

namespace bulkhead::cli {

// Sets format, author, realm, epoch and profile-sha256; reads the profile's name. Errors are
// wrong().
Result<> bind_job(approval::Manifest& job, const Options& options, By by,
                  const std::optional<PolicyCopy>& policy);

// An error for each option by which every host with that policy would refuse the job. What is to be
// asked of other hosts, such as another realm, is a note on standard error.
Result<> require_allowed(const NewJob& job, By by, const PolicyCopy& policy);

}  // namespace bulkhead::cli
