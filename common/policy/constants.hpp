// The kernel's names that policy files may use, and their numbers.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::policy {

// "PROT_EXEC", "CLONE_VM|CLONE_THREAD", "7" or "0x5401".
Result<std::uint32_t> parse_value(std::string_view text);
Result<int> parse_errno(std::string_view text);
// "CAP_CHOWN" as its bit.
Result<std::uint64_t> parse_capability(std::string_view text);

}  // namespace bulkhead::policy
