// The system clock. Code that measures durations uses sys::Clock (loop.hpp), CLOCK_MONOTONIC, which
// cannot be set.
#pragma once
#include <chrono>

#include "common/base/parse.hpp"

namespace bulkhead::sys {

// Whole seconds since 1970 by CLOCK_REALTIME (clock_gettime(2)), which root can set, also
// backwards.
inline UnixTime now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace bulkhead::sys
