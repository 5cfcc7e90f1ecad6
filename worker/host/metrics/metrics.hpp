// What a heartbeat says about the host, and the reader that samples it.
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

// A part that could not be read is absent and has its line in `errors`; the others are unharmed.
struct Metrics {
    std::optional<double> cpu_percent;  // since the sample before; absent in want of one
    std::optional<Memory> memory;
    std::optional<Swap> swap;
    std::optional<Disk> disk;
    std::optional<Load> load;
    std::optional<std::uint64_t> uptime_seconds;
    std::optional<std::vector<Interface>> interfaces;
    std::vector<Error> errors;
};

// A sample on an ordinary host is five preads and one fstatfs.
class MetricsReader {
  public:
    // `proc` outlives it. `disk` is a directory of the file system to watch, `disk_path` its name
    // in reports; the kept handle keeps that file system mounted. Takes the first CPU reading.
    MetricsReader(const ProcFiles& proc, sys::Fd disk, std::string disk_path);

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
