// seal_code(): mappings of code and of read-only data can never be changed again.
#pragma once
#include "common/base/result.hpp"

namespace bulkhead::sandbox {

// Seals (mseal(2), Linux 6.10) the read-only and executable segments and the PT_GNU_RELRO part of
// the program and of every loaded library, then checks that mprotect(2) of a sealed page fails with
// EPERM. Errors: mseal(2) failed, or (Error::Kind::differs) mprotect(2) did not fail so.
Result<> seal_code();

}  // namespace bulkhead::sandbox
