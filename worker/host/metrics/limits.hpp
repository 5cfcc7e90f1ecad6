// Limits: what the cgroup of the container that the agent is in lets all of it have, beside the
// host's figures.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/host/metrics/proc_files.hpp"

namespace bulkhead::worker {

// nullopt: there is no such limit, or none that can be seen from here. On a host that is no
// container both are.
struct Limits {
    std::optional<std::uint64_t> memory_bytes;
    std::optional<double> cpus;  // processors' time in each second of time
};

// Reads the root of /sys/fs/cgroup as it is seen, version 2 or else version 1 (cgroups(7)). A
// host's own root has no limits, and what stands above a container's is not seen.
Limits read_limits(const ProcFiles& proc, std::vector<char>& buffer);

// memory.max (v2), memory.limit_in_bytes (v1). nullopt: "max", or the number that version 1 has for
// it. Error: no number.
Result<std::optional<std::uint64_t>> parse_memory_limit(std::string_view text);
// cpu.max (v2), "QUOTA PERIOD" in microseconds; nullopt if the quota is "max" or, as version 1 has
// it, -1. Error: other words, or no time.
Result<std::optional<double>> parse_cpu_limit(std::string_view text);

}  // namespace bulkhead::worker
