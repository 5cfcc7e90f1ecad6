// The log in a file, where nobody collects standard output.
#pragma once
#include <string>

#include "common/base/result.hpp"

namespace bulkhead::broker {

// Standard output and error of this process go to the end of `path` from now on. Called again after
// the file was renamed, to a new one.
Result<> log_to(const std::string& path);

}  // namespace bulkhead::broker
