// Describes the confinement of the broker, of the processes that it starts, and of jobs.
#pragma once
#include <string>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::cli {

// The text of each ends with its list of system calls, because the seccomp filter is installed
// last.
std::string broker_in_words(const policy::Policy& policy);
std::string worker_in_words(const policy::Policy& policy);
std::string reader_in_words(const policy::Policy& policy);
std::string loader_in_words(const policy::Policy& policy);         // of a policy that has the part
std::string upgrade_check_in_words(const policy::Policy& policy);  // the same
// The confinement of the child of this program that checks scripts (cli/vet).
Result<std::string> vet_in_words();
std::string job_in_words(const policy::Profile& profile, const policy::Policy& policy);

// The filter that is compiled from the list, in libseccomp's pseudo code.
Result<std::string> program_in_words(const policy::SeccompList& list);

}  // namespace bulkhead::cli
