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
    const Memory memory{.total_bytes = TRY(table.kibibytes("MemTotal")),
                        .free_bytes = TRY(table.kibibytes("MemFree")),
                        .available_bytes = TRY(table.kibibytes("MemAvailable")),
                        .buffers_bytes = TRY(table.kibibytes("Buffers")),
                        .cached_bytes = TRY(table.kibibytes("Cached")),
                        .sreclaimable_bytes = TRY(table.kibibytes("SReclaimable"))};
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
