// What is executed, and what is read-only once it was relocated, stays so for good.
#pragma once
#include "common/base/result.hpp"

namespace bulkhead::worker {

// mseal(2) over the code, the constants and the relocated tables of everything that is loaded, and
// one of these pages tried. Needs Linux 6.10.
Result<> seal_code();

}  // namespace bulkhead::worker
