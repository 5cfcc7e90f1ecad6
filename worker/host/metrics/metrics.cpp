#include "worker/host/metrics/metrics.hpp"

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

// The first line of /proc/stat fits: "cpu" and ten numbers of at most 20 digits.
constexpr std::size_t kStatHead = 256;
constexpr std::uint64_t kSmallMax = 64_KiB;
// A line of /proc/net/dev has about 120 bytes, so more than 30,000 interfaces fit.
constexpr std::uint64_t kNetDevMax = 4_MiB;

template <class T>
void keep(std::optional<T>& part, Result<T> reading, std::string_view name, Metrics& metrics) {
    if (reading) {
        part = *std::move(reading);
    } else {
        metrics.errors.push_back(within(name, std::move(reading).error()).error());
    }
}

}  // namespace

MetricsReader::MetricsReader(const ProcFiles& proc, sys::Fd disk, std::string disk_path)
    : proc_(proc), disk_(std::move(disk)), disk_path_(std::move(disk_path)) {
    if (auto now = read_cpu_times()) cpu_before_ = *now;
}

Metrics MetricsReader::sample() {
    Metrics metrics;
    sample_cpu(metrics);
    sample_memory(metrics);
    keep(metrics.disk, read_disk(disk_, disk_path_), "disk", metrics);
    keep(metrics.load, read_load(), "load", metrics);
    keep(metrics.uptime_seconds, read_uptime_seconds(), "uptime", metrics);
    keep(metrics.interfaces, read_interfaces(), "interfaces", metrics);
    return metrics;
}

void MetricsReader::sample_cpu(Metrics& metrics) {
    const auto now = read_cpu_times();
    if (!now) {
        metrics.errors.push_back(within("cpu", now.error()).error());
        return;
    }
    if (cpu_before_) metrics.cpu_percent = busy_percent(*cpu_before_, *now);
    cpu_before_ = *now;
}

void MetricsReader::sample_memory(Metrics& metrics) {
    const auto text = proc_.meminfo.read(buffer_, kSmallMax);
    if (!text) {
        metrics.errors.push_back(within("memory", text.error()).error());
        return;
    }
    keep(metrics.memory, parse_memory(*text), "memory", metrics);
    keep(metrics.swap, parse_swap(*text), "swap", metrics);
}

Result<CpuTimes> MetricsReader::read_cpu_times() {
    return parse_cpu_times(TRY(proc_.stat.read_head(buffer_, kStatHead)));
}

Result<Load> MetricsReader::read_load() {
    return parse_load(TRY(proc_.loadavg.read(buffer_, kSmallMax)));
}

Result<std::uint64_t> MetricsReader::read_uptime_seconds() {
    return parse_uptime_seconds(TRY(proc_.uptime.read(buffer_, kSmallMax)));
}

Result<std::vector<Interface>> MetricsReader::read_interfaces() {
    return parse_interfaces(TRY(proc_.net_dev.read(buffer_, kNetDevMax)));
}

}  // namespace bulkhead::worker
