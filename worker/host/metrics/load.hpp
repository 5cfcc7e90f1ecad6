// Load averages and uptime, from /proc/loadavg and /proc/uptime.
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

Result<Load> parse_load(std::string_view loadavg);
// Whole seconds, rounded down.
Result<std::uint64_t> parse_uptime_seconds(std::string_view uptime);

}  // namespace bulkhead::worker
