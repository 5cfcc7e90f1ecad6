// The system clock. Code that measures durations uses sys::Clock (loop.hpp), CLOCK_MONOTONIC, which
// cannot be set.
#pragma once
#include <chrono>
#include <ctime>

#include "common/base/parse.hpp"

namespace bulkhead::sys {

// Whole seconds since 1970 by CLOCK_REALTIME (clock_gettime(2)), which root can set, also
// backwards.
inline UnixTime now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Both clocks at one moment. CLOCK_BOOTTIME (clock_gettime(2)) counts from the start of the host,
// suspension included, and cannot be set.
struct TwoClocks {
    UnixTime now;
    std::chrono::seconds up;
};

inline TwoClocks read_clocks() {
    timespec up{};
    ::clock_gettime(CLOCK_BOOTTIME, &up);
    return {now(), std::chrono::seconds(up.tv_sec)};
}

}  // namespace bulkhead::sys
