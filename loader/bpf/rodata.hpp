// Constants of an object, set before it is loaded.
#pragma once
#include <bpf/libbpf.h>

#include "common/base/result.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::loader {

// Finds the variable by name in the BTF of the sections .rodata and .rodata.*. Errors: there is
// none or there are two; it is not as long as the value; the object has no BTF.
Result<> set_rodata(bpf_object* object, const protocol::RodataValue& value);

}  // namespace bulkhead::loader
