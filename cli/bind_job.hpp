// What binds a new job to its author and its hosts: options of `bulkhead new-job`, and what the
// policy of the hosts says where they say nothing.
#pragma once
#include "cli/base/options.hpp"
#include "common/approval/manifest.hpp"

namespace bulkhead::cli {

// Sets format, author, realm, epoch and profile-sha256; reads the profile's name. Errors are
// wrong().
Result<> bind_job(approval::Manifest& job, const Options& options);

}  // namespace bulkhead::cli
