// Names of system calls and of their arguments' values, for whoever reads a golden list.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::test {

// "" for one that has none.
std::string call_name(std::uint32_t number);
// Of a value in its naming: "family", "ioctl", ...
std::string value_name(std::string_view naming, std::uint64_t value);

}  // namespace bulkhead::test
