// Metrics: the measurements that a heartbeat reports, and MetricsReader, which samples them.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"
#include "worker/host/metrics/cpu.hpp"
#include "worker/host/metrics/disk.hpp"
#include "worker/host/metrics/limits.hpp"
#include "worker/host/metrics/load.hpp"
#include "worker/host/metrics/memory.hpp"
#include "worker/host/metrics/name_filter.hpp"
#include "worker/host/metrics/network.hpp"
#include "worker/host/metrics/proc_files.hpp"

namespace bulkhead::worker {

// A part that could not be read is absent and has an entry in `errors`; the others are still read.
struct Metrics {
    // 0..100, over one second at least; absent if that has not passed since the sample before, or
    // busy_percent() cannot tell.
    std::optional<double> cpu_percent;
    // The latest one there was, for dialects whose backend takes no report without a number.
    std::optional<double> last_cpu_percent;
    std::optional<Memory> memory;
    std::optional<Swap> swap;
    std::optional<Disk> disk;
    std::optional<Load> load;
    std::optional<std::uint64_t> uptime_seconds;
    std::optional<std::vector<Interface>> interfaces;  // those that the settings keep
    std::uint64_t interfaces_left_out = 0;             // by the settings
    std::optional<Traffic> traffic;                    // of all interfaces, kept or not
    std::optional<Limits> limits;
    std::vector<Error> errors;
};

// The least time that a CPU percentage covers: a tick of /proc/stat is 10 ms.
inline constexpr std::chrono::milliseconds kLeastCpuWindow(1'000);
// The longest one between two runs of the agent.
inline constexpr std::chrono::milliseconds kMostCpuWindow = std::chrono::hours(24);

// CLOCK_BOOTTIME (clock_gettime(2)), which cannot be set.
std::chrono::milliseconds since_boot();

// A sample makes five calls of pread(2) and one of fstatvfs(3), unless a file is large, and one
// more pread(2) for each limit of a container.
class MetricsReader {
  public:
    // `proc` must outlive the reader. `disk` is any file of the file system to watch, but no
    // directory: a captured worker could leave its mount view by an open one. While it is open,
    // umount(2) of that file system fails with EBUSY. `disk_path` is its name in reports.
    // Takes the first CPU reading, so that a sample after a second has a cpu_percent.
    MetricsReader(const ProcFiles& proc, sys::Fd disk, std::string disk_path,
                  NameFilter interfaces = {},
                  std::function<std::chrono::milliseconds()> clock = &since_boot);

    // A reading of an earlier run on this boot: the next cpu_percent covers the time since then.
    // One that is older than kMostCpuWindow, or of a time to come, is not used.
    void resume(const CpuSample& kept);
    // How long until a sample has a cpu_percent; 0 also if nothing is known of when.
    std::chrono::milliseconds until_cpu_percent() const;
    // From when on the next cpu_percent counts.
    const std::optional<CpuSample>& cpu_sample() const { return cpu_before_; }

    // Reads everything once. Never fails as a whole: see Metrics::errors.
    Metrics sample();

  private:
    Result<CpuSample> read_cpu();
    void sample_interfaces(Metrics& metrics);
    void sample_cpu(Metrics& metrics);
    void sample_memory(Metrics& metrics);
    Result<Load> read_load();
    Result<std::uint64_t> read_uptime_seconds();

    const ProcFiles& proc_;
    sys::Fd disk_;
    std::string disk_path_;
    NameFilter interfaces_;
    std::function<std::chrono::milliseconds()> clock_;
    std::vector<char> buffer_;
    std::optional<CpuSample> cpu_before_;
    std::optional<double> last_cpu_percent_;
};

}  // namespace bulkhead::worker
