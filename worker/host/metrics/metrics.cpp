#include "worker/host/metrics/metrics.hpp"

#include <algorithm>
#include <ctime>

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

std::chrono::milliseconds since_boot() {
    timespec up{};
    ::clock_gettime(CLOCK_BOOTTIME, &up);
    return std::chrono::milliseconds(up.tv_sec * 1'000 + up.tv_nsec / 1'000'000);
}

MetricsReader::MetricsReader(const ProcFiles& proc, sys::Fd disk, std::string disk_path,
                             NameFilter interfaces,
                             std::function<std::chrono::milliseconds()> clock)
    : proc_(proc),
      disk_(std::move(disk)),
      disk_path_(std::move(disk_path)),
      interfaces_(std::move(interfaces)),
      clock_(std::move(clock)) {
    if (auto now = read_cpu()) cpu_before_ = *now;
}

void MetricsReader::resume(const CpuSample& kept) {
    const auto age = clock_() - kept.at;
    if (age.count() >= 0 && age <= kMostCpuWindow) cpu_before_ = kept;
}

std::chrono::milliseconds MetricsReader::until_cpu_percent() const {
    if (!cpu_before_) return {};
    const auto left = cpu_before_->at + kLeastCpuWindow - clock_();
    return std::clamp(left, std::chrono::milliseconds(0), kLeastCpuWindow);
}

Metrics MetricsReader::sample() {
    Metrics metrics;
    sample_cpu(metrics);
    sample_memory(metrics);
    keep(metrics.disk, read_disk(disk_, disk_path_), "disk", metrics);
    keep(metrics.load, read_load(), "load", metrics);
    keep(metrics.uptime_seconds, read_uptime_seconds(), "uptime", metrics);
    sample_interfaces(metrics);
    metrics.limits = read_limits(proc_, buffer_);
    return metrics;
}

void MetricsReader::sample_interfaces(Metrics& metrics) {
    const auto text = proc_.net_dev.read(buffer_, kNetDevMax);
    keep(metrics.interfaces, text ? parse_interfaces(*text) : std::unexpected(text.error()),
         "interfaces", metrics);
    if (!metrics.interfaces) return;
    metrics.traffic = traffic_of(*metrics.interfaces);
    metrics.interfaces_left_out = std::erase_if(
        *metrics.interfaces, [&](const Interface& one) { return !interfaces_.keeps(one.name); });
}

void MetricsReader::sample_cpu(Metrics& metrics) {
    const auto now = read_cpu();
    metrics.last_cpu_percent = last_cpu_percent_;
    if (!now) {
        metrics.errors.push_back(within("cpu", now.error()).error());
        return;
    }
    if (cpu_before_ && now->at - cpu_before_->at < kLeastCpuWindow) return;
    if (cpu_before_) metrics.cpu_percent = busy_percent(cpu_before_->times, now->times);
    if (metrics.cpu_percent) metrics.last_cpu_percent = last_cpu_percent_ = metrics.cpu_percent;
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

Result<CpuSample> MetricsReader::read_cpu() {
    const auto at = clock_();
    return CpuSample{.times = TRY(parse_cpu_times(TRY(proc_.stat.read_head(buffer_, kStatHead)))),
                     .at = at};
}

Result<Load> MetricsReader::read_load() {
    return parse_load(TRY(proc_.loadavg.read(buffer_, kSmallMax)));
}

Result<std::uint64_t> MetricsReader::read_uptime_seconds() {
    return parse_uptime_seconds(TRY(proc_.uptime.read(buffer_, kSmallMax)));
}

}  // namespace bulkhead::worker
