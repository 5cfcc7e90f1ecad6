// Would a job be admitted if enough people signed it? For CI, which sees a job before its signers.
#pragma once
#include "cli/dry_run/report.hpp"

namespace bulkhead::cli {

Assumption assume_signed(const Question& question, const Report& report,
                         const policy::Policy& policy);

}  // namespace bulkhead::cli
