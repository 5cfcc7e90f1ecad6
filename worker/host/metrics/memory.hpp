// Memory and swap, from /proc/meminfo (proc(5)).
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

    // MemTotal - MemAvailable: what the kernel could not give to a new program without swapping.
    std::uint64_t used_bytes() const;
    double used_percent() const;  // 0..100
    // MemTotal - MemFree - Buffers - Cached - SReclaimable, as gopsutil 3.24 computes it
    // (mem/mem_linux.go); the ravenxcope dialect reports it. Cached includes shared memory, so this
    // is less than used_bytes() on a host with a large tmpfs.
    std::uint64_t uncached_bytes() const;
    double uncached_percent() const;  // 0..100
};

struct Swap {
    std::uint64_t total_bytes = 0;
    std::uint64_t used_bytes = 0;
};

// Errors of both: a line is missing, not a number or not in kB; MemTotal is 0.
Result<Memory> parse_memory(std::string_view meminfo);
Result<Swap> parse_swap(std::string_view meminfo);

}  // namespace bulkhead::worker
