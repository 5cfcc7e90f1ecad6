// What the broker applies to itself, to the worker and to a job, in words.
#pragma once
#include <string>

#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::cli {

// Each ends with its system calls, the last part of every confinement to be applied.
std::string broker_in_words(const policy::Policy& policy);
std::string worker_in_words(const policy::Policy& policy);
std::string reader_in_words(const policy::Policy& policy);
// Of the child that checks scripts, as this program holds it.
Result<std::string> vet_in_words();
std::string job_in_words(const policy::Profile& profile, const policy::Policy& policy);

// The filter that is compiled from the list, as libseccomp spells it.
Result<std::string> program_in_words(const policy::SeccompList& list);

}  // namespace bulkhead::cli
