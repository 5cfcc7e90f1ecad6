// The names of the kernel's constants that policy files may use, and their values.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::policy {

// Names and numbers joined by '|': "PROT_EXEC", "CLONE_VM|CLONE_THREAD", "7" or "0x5401".
Result<std::uint32_t> parse_value(std::string_view text);
// The number of an errno name: "EPERM" is 1.
Result<int> parse_errno(std::string_view text);
// The mask of one capability: "CAP_CHOWN" is bit 0.
Result<std::uint64_t> parse_capability(std::string_view text);

}  // namespace bulkhead::policy
