#include "worker/host/metrics/cpu.hpp"

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

enum Column { user, nice, system, idle, iowait, irq, softirq, steal, kColumns };

}  // namespace

Result<CpuTimes> parse_cpu_times(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return fail("stat: the first line has no end");
    const auto line = words(text.substr(0, end));
    if (line.empty() || line[0] != "cpu") return fail("stat: the first line is not cpu");
    if (line.size() < 1 + kColumns) return fail("stat: cpu has too few columns");
    std::array<std::uint64_t, kColumns> ticks{};
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < ticks.size(); ++i) {
        ticks[i] = TRY(within("stat: cpu", parse_number<std::uint64_t>(line[i + 1])));
        total += ticks[i];
    }
    return CpuTimes{.busy = total - ticks[idle] - ticks[iowait], .total = total};
}

double busy_percent(const CpuTimes& before, const CpuTimes& after) {
    if (after.busy <= before.busy) return 0;
    if (after.total <= before.total) return 100;
    const auto busy = static_cast<double>(after.busy - before.busy);
    const auto total = static_cast<double>(after.total - before.total);
    return std::clamp(100 * busy / total, 0.0, 100.0);
}

}  // namespace bulkhead::worker
