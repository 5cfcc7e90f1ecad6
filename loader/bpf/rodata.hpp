// Constants of an object, set before it is loaded.
#pragma once
#include <bpf/libbpf.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::loader {

// Finds the variable by name in the BTF of the sections .rodata and .rodata.*. Errors: there is
// none or there are two; it is not as long as the value; the object has no BTF.
Result<> set_rodata(bpf_object* object, const protocol::RodataValue& value);

// Names and sizes, in bytes, of all constants that could be set so.
std::vector<std::pair<std::string, std::uint32_t>> constants_of(bpf_object* object);

}  // namespace bulkhead::loader
