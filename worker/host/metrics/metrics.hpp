// Metrics: the measurements that a heartbeat reports, and MetricsReader, which samples them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/sys/dir.hpp"
#include "worker/host/metrics/cpu.hpp"
#include "worker/host/metrics/disk.hpp"
#include "worker/host/metrics/load.hpp"
#include "worker/host/metrics/memory.hpp"
#include "worker/host/metrics/network.hpp"
#include "worker/host/metrics/proc_files.hpp"

namespace bulkhead::worker {

// A part that could not be read is absent and has an entry in `errors`; the others are still read.
struct Metrics {
    std::optional<double> cpu_percent;  // 0..100 since the last sample; absent if there is none
    std::optional<Memory> memory;
    std::optional<Swap> swap;
    std::optional<Disk> disk;
    std::optional<Load> load;
    std::optional<std::uint64_t> uptime_seconds;
    std::optional<std::vector<Interface>> interfaces;
    std::vector<Error> errors;
};

// A sample makes five calls of pread(2) and one of fstatvfs(3), unless a file is large.
class MetricsReader {
  public:
    // `proc` must outlive the reader. `disk` is any file of the file system to watch, but no
    // directory: a captured worker could leave its mount view by an open one. While it is open,
    // umount(2) of that file system fails with EBUSY. `disk_path` is its name in reports.
    // Takes the first CPU reading, so that the first sample has a cpu_percent.
    MetricsReader(const ProcFiles& proc, sys::Fd disk, std::string disk_path);

    // Reads everything once. Never fails as a whole: see Metrics::errors.
    Metrics sample();

  private:
    Result<CpuTimes> read_cpu_times();
    void sample_cpu(Metrics& metrics);
    void sample_memory(Metrics& metrics);
    Result<Load> read_load();
    Result<std::uint64_t> read_uptime_seconds();
    Result<std::vector<Interface>> read_interfaces();

    const ProcFiles& proc_;
    sys::Fd disk_;
    std::string disk_path_;
    std::vector<char> buffer_;
    std::optional<CpuTimes> cpu_before_;
};

}  // namespace bulkhead::worker
