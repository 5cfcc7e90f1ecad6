// Which parameters a shell script uses, compared with those that its manifest declares.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/vet/vet.hpp"
#include "common/approval/param.hpp"

namespace bulkhead::cli {

// Remarks about each JOB_P_name that is not declared, and each declared parameter that the script
// does not name. A fault is what a shell certainly expands, where the script says nowhere what to
// do without it: the script cannot do what its author meant. All else is a remark: text in quotes
// or comments, names that the script sets itself or makes up, and scripts for other interpreters.
std::vector<Remark> compare_params(std::string_view script, const std::string& interpreter,
                                   const std::vector<approval::ParamRule>& declared);

}  // namespace bulkhead::cli
