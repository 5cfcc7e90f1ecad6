// CPU usage between two readings of /proc/stat.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// Clock ticks (USER_HZ, proc(5)) of all processors together since boot, by what they were spent on.
// Guest time is not there: the kernel counts it in user and nice already.
struct CpuTimes {
    enum Column { user, nice, system, idle, iowait, irq, softirq, steal, kColumns };
    std::array<std::uint64_t, kColumns> ticks{};

    bool operator==(const CpuTimes&) const = default;
};

// A reading, and when it was made: CLOCK_BOOTTIME (clock_gettime(2)).
struct CpuSample {
    CpuTimes times;
    std::chrono::milliseconds at{};

    bool operator==(const CpuSample&) const = default;
};

// Parses the line "cpu" of /proc/stat, which must be the first of `text`. Errors: another first
// line, one without an end, fewer than eight columns (up to steal, proc(5)), or a column that is
// not a number.
Result<CpuTimes> parse_cpu_times(std::string_view text);

// The share of the time between two readings, 0..100, that was neither idle nor iowait. nullopt if
// the readings do not tell: no tick passed, or a counter ran back, as all do when a processor goes
// offline. iowait and steal alone may run back (proc(5)) and then count as unchanged.
std::optional<double> busy_percent(const CpuTimes& before, const CpuTimes& after);

}  // namespace bulkhead::worker
