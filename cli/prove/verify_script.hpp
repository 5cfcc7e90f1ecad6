// verify.sh, compiled in: checks with stock tools what `bulkhead prove` has written.
#pragma once
#include <string_view>

namespace bulkhead::cli {

std::string_view verify_script();

}  // namespace bulkhead::cli
