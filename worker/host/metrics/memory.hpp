// Memory and swap, from /proc/meminfo.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct Memory {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t available_bytes = 0;
    std::uint64_t buffers_bytes = 0;
    std::uint64_t cached_bytes = 0;
    std::uint64_t sreclaimable_bytes = 0;

    // What the kernel could not give to somebody else without swapping.
    std::uint64_t used_bytes() const;
    double used_percent() const;
    // The older reckoning that some backends expect: all but free, buffers and caches. Shared
    // memory counts as cache there, so this is less than used_bytes() on a host with a large tmpfs.
    std::uint64_t uncached_bytes() const;
    double uncached_percent() const;
};

struct Swap {
    std::uint64_t total_bytes = 0;
    std::uint64_t used_bytes = 0;
};

Result<Memory> parse_memory(std::string_view meminfo);
Result<Swap> parse_swap(std::string_view meminfo);

}  // namespace bulkhead::worker
