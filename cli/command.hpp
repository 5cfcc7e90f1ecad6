// A subcommand of `bulkhead`: one file each, one row in the table of main.cpp.
#pragma once
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

using Arguments = std::vector<std::string>;

// Exit status 0; an error is printed and makes it 1. A wrong call has the code EINVAL and makes it 2.
Result<> status(const Arguments& arguments);
Result<> settings(const Arguments& arguments);

}  // namespace bulkhead::cli
