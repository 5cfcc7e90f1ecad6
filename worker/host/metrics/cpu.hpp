// How busy the processors were between two readings of /proc/stat.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// Clock ticks of all processors together since boot. Time given to guests is part of user and nice
// already (proc(5)); steal counts as busy.
struct CpuTimes {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
};

// `text` begins as /proc/stat does: with the line "cpu".
Result<CpuTimes> parse_cpu_times(std::string_view text);

// 0..100. Ticks may run backwards (iowait does, and a processor taken away takes its ticks along):
// no busy tick more means 0, and busy ticks in no time mean 100.
double busy_percent(const CpuTimes& before, const CpuTimes& after);

}  // namespace bulkhead::worker
