#include "worker/host/metrics/memory.hpp"

#include "common/base/parse.hpp"
#include "worker/host/metrics/percent.hpp"

namespace bulkhead::worker {

std::uint64_t Memory::used_bytes() const { return less(total_bytes, available_bytes); }

double Memory::used_percent() const { return percent(used_bytes(), total_bytes); }

std::uint64_t Memory::uncached_bytes() const {
    return less(total_bytes, free_bytes + buffers_bytes + cached_bytes + sreclaimable_bytes);
}

double Memory::uncached_percent() const { return percent(uncached_bytes(), total_bytes); }

Result<Memory> parse_memory(std::string_view meminfo) {
    const ColonTable table(meminfo);
    // Sandboxed kernels leave some lines out: gVisor SReclaimable, others Buffers. A line that is
    // there must be understood.
    const auto if_present = [&](std::string_view key) -> Result<std::uint64_t> {
        return table.value(key) ? table.kibibytes(key) : std::uint64_t{0};
    };
    const Memory memory{.total_bytes = TRY(table.kibibytes("MemTotal")),
                        .free_bytes = TRY(table.kibibytes("MemFree")),
                        .available_bytes = TRY(table.kibibytes("MemAvailable")),
                        .buffers_bytes = TRY(if_present("Buffers")),
                        .cached_bytes = TRY(if_present("Cached")),
                        .sreclaimable_bytes = TRY(if_present("SReclaimable"))};
    if (memory.total_bytes == 0) return fail("MemTotal: zero");
    return memory;
}

Result<Swap> parse_swap(std::string_view meminfo) {
    const ColonTable table(meminfo);
    const auto total = TRY(table.kibibytes("SwapTotal"));
    const auto unused = TRY(table.kibibytes("SwapFree"));
    return Swap{.total_bytes = total, .used_bytes = less(total, unused)};
}

}  // namespace bulkhead::worker
