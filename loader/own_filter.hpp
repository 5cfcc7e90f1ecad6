// Filters of system calls that the loader makes itself, without policy: seccomp(2).
#pragma once
#include <cstdint>
#include <span>

#include "common/sandbox/seccomp.hpp"

namespace bulkhead::loader {

// These calls, and mmap(2) and mprotect(2) of memory that is not executable. No file exists:
// openat(2) and the like answer ENOENT. Any other call kills.
sandbox::Filter allow_only(std::span<const std::uint32_t> calls);
// Any call but this one, which kills: to be put above a stricter filter.
sandbox::Filter allow_all_but(std::uint32_t call);

}  // namespace bulkhead::loader
