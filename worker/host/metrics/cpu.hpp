// CPU usage between two readings of /proc/stat.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// Clock ticks (USER_HZ, proc(5)) of all processors together since boot. `busy` is everything but
// idle and iowait, so it includes steal. Guest time is not added: the kernel counts it in user and
// nice already.
struct CpuTimes {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
};

// Parses the line "cpu" of /proc/stat, which must be the first of `text`. Errors: another first
// line, one without an end, fewer than eight columns (up to steal, proc(5)), or a column that is
// not a number.
Result<CpuTimes> parse_cpu_times(std::string_view text);

// The busy share of the time between two readings: 0..100. Counters may decrease (iowait does,
// proc(5)): if `busy` has not grown the result is 0, else if `total` has not grown it is 100, as
// in gopsutil (cpu/cpu.go).
double busy_percent(const CpuTimes& before, const CpuTimes& after);

}  // namespace bulkhead::worker
