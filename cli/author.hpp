// The checks that new-job and seal make of a script before people sign it.
#pragma once
#include <string>
#include <string_view>

#include "cli/vet/vet.hpp"
#include "common/approval/manifest.hpp"
#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::cli {

// A line for each fault: "clean.sh:3: ends with CR LF; ...". Text that a shell printed is quoted().
std::string fault_lines(const std::string& file, const std::vector<Remark>& faults);

// An error with fault_lines() if the script has faults. What could not be checked is printed to
// standard error.
Result<> require_sound(const std::string& file, std::string_view script,
                       const std::string& interpreter);

// An error that names what a signer does not see in `text`, unless `odd_bytes` says why it is
// meant. `advice` ends the error.
Result<> require_visible(const std::string& file, std::string_view text,
                         const std::string& odd_bytes, const std::string& advice);

// An error that names the parameters which the script certainly uses and the manifest does not
// declare. What may be one, and what is declared and not used, is a note on standard error.
Result<> require_declared(const std::string& file, std::string_view script,
                          const approval::Manifest& manifest);

// The path in interpreters.policy whose last component is `name`, as in "#!/usr/bin/env bash". If
// there are several, such as /bin/bash and /usr/bin/bash, the first one.
Result<std::string> listed_interpreter(std::string_view name, const policy::Policy& policy);

}  // namespace bulkhead::cli
