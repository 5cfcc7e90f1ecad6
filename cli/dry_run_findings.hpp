// What a dry run found, for editors and CI systems.
#pragma once
#include <vector>

#include "cli/dry_run/report.hpp"
#include "cli/findings.hpp"

namespace bulkhead::cli {

std::vector<Finding> findings_of(const Question& question, const Report& report);

}  // namespace bulkhead::cli
