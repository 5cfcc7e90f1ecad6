// More of what is wrong with a policy that cannot be read than its first error.
#pragma once
#include <string>

#include "common/base/result.hpp"

namespace bulkhead::cli {

// `first`, the error of load_policy(), with a line for each further error of the files: of each
// file, read by itself, the lines that are wrong. It stays a wrong().
std::unexpected<Error> with_others(Error first, const std::string& directory);

}  // namespace bulkhead::cli
