// Load averages and uptime, from /proc/loadavg and /proc/uptime (proc(5)).
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct Load {
    double one_minute = 0;
    double five_minutes = 0;
    double fifteen_minutes = 0;
};

// Parses the first three columns. Error: a column is missing or not of the form "0.00".
Result<Load> parse_load(std::string_view loadavg);
// Parses the first column: seconds since boot, rounded down. Errors: as for parse_load().
Result<std::uint64_t> parse_uptime_seconds(std::string_view uptime);

}  // namespace bulkhead::worker
