#include "worker/metrics/metrics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/strong.hpp"

namespace bulkhead::worker {

namespace {

// The line "cpu" is the first of /proc/stat; ten numbers of at most 20 digits fit.
constexpr std::size_t kStatHead = 256;
constexpr std::uint64_t kSmallMax = 64_KiB;
// Some 120 bytes a line: room for more than 30,000 interfaces.
constexpr std::uint64_t kNetDevMax = 4_MiB;

// /proc/net is a link to self/net and self is a link to the own pid; Dir follows neither.
std::string net_dev_path(const sys::Dir& proc) {
    const auto plain = proc.open_at("net/dev", O_PATH);
    const bool is_link = !plain && plain.error().code == ELOOP;
    return is_link ? std::to_string(::getpid()) + "/net/dev" : "net/dev";
}

template <class T>
void keep(std::optional<T>& part, Result<T> reading, std::string_view name, Metrics& metrics) {
    if (reading) {
        part = *std::move(reading);
    } else {
        metrics.errors.push_back(within(name, std::move(reading).error()).error());
    }
}

}  // namespace

MetricsReader::MetricsReader(sys::Dir proc, sys::Fd disk, std::string disk_path)
    : proc_(std::move(proc)),
      disk_(std::move(disk)),
      disk_path_(std::move(disk_path)),
      stat_("stat"),
      meminfo_("meminfo"),
      loadavg_("loadavg"),
      uptime_("uptime"),
      net_dev_(net_dev_path(proc_)) {
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
    const auto text = meminfo_.read(proc_, buffer_, kSmallMax);
    if (!text) {
        metrics.errors.push_back(within("memory", text.error()).error());
        return;
    }
    keep(metrics.memory, parse_memory(*text), "memory", metrics);
    keep(metrics.swap, parse_swap(*text), "swap", metrics);
}

Result<CpuTimes> MetricsReader::read_cpu_times() {
    return parse_cpu_times(TRY(stat_.read_head(proc_, buffer_, kStatHead)));
}

Result<Load> MetricsReader::read_load() {
    return parse_load(TRY(loadavg_.read(proc_, buffer_, kSmallMax)));
}

Result<std::uint64_t> MetricsReader::read_uptime_seconds() {
    return parse_uptime_seconds(TRY(uptime_.read(proc_, buffer_, kSmallMax)));
}

Result<std::vector<Interface>> MetricsReader::read_interfaces() {
    return parse_interfaces(TRY(net_dev_.read(proc_, buffer_, kNetDevMax)));
}

}  // namespace bulkhead::worker
