#include "worker/host/metrics/cpu.hpp"

#include "common/base/parse.hpp"

namespace bulkhead::worker {

Result<CpuTimes> parse_cpu_times(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return fail("stat: the first line has no end");
    const auto line = words(text.substr(0, end));
    if (line.empty() || line[0] != "cpu") return fail("stat: the first line is not cpu");
    if (line.size() < 1 + CpuTimes::kColumns) return fail("stat: cpu has too few columns");
    CpuTimes times;
    for (std::size_t i = 0; i < times.ticks.size(); ++i) {
        times.ticks[i] = TRY(within("stat: cpu", parse_number<std::uint64_t>(line[i + 1])));
    }
    return times;
}

std::optional<double> busy_percent(const CpuTimes& before, const CpuTimes& after) {
    std::array<double, CpuTimes::kColumns> passed{};
    double total = 0;
    for (std::size_t i = 0; i < passed.size(); ++i) {
        if (after.ticks[i] >= before.ticks[i]) {
            passed[i] = static_cast<double>(after.ticks[i] - before.ticks[i]);
        } else if (i != CpuTimes::iowait && i != CpuTimes::steal) {
            return {};
        }
        total += passed[i];
    }
    if (total == 0) return {};
    return 100 * (total - passed[CpuTimes::idle] - passed[CpuTimes::iowait]) / total;
}

}  // namespace bulkhead::worker
