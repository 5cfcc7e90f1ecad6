// Which parameters a shell script uses, compared with those that its manifest declares.
#pragma once
#include "cli/vet/vet.hpp"
#include "common/approval/param.hpp"

namespace bulkhead::cli {

// Remarks, and no faults, about each $JOB_P_name that is not declared and each declared parameter
// that the script does not name. The text is searched and not parsed, but for lines of comments: a
// script that makes up the name of a variable is not understood.
std::vector<Remark> compare_params(std::string_view script,
                                   const std::vector<approval::ParamRule>& declared);

}  // namespace bulkhead::cli
