// What new-job and seal ask of a script before people sign it.
#pragma once
#include <string>
#include <string_view>

#include "cli/vet/vet.hpp"
#include "common/base/result.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::cli {

// "clean.sh:3: ends with CR LF; ...", a line for each; the shell's words quoted.
std::string fault_lines(const std::string& file, const std::vector<Remark>& faults);

// Without faults? What could not be checked is told on standard error.
Result<> require_sound(const std::string& file, std::string_view script,
                       const std::string& interpreter);

// The interpreter that interpreters.policy has for a name that env would look up. /bin/bash and
// /usr/bin/bash count as one, of which the first that is listed is taken.
Result<std::string> listed_interpreter(std::string_view name, const policy::Policy& policy);

}  // namespace bulkhead::cli
