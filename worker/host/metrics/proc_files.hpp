// ProcFiles: the files of /proc that metrics and system information are read from.
#pragma once
#include "worker/host/metrics/kept_file.hpp"

namespace bulkhead::worker {

// The worker opens them before it is confined: its mount view has no /proc.
struct ProcFiles {
    // `proc` is /proc. A file that cannot be opened fails when it is read.
    explicit ProcFiles(const sys::Dir& proc);

    KeptFile stat;
    KeptFile meminfo;
    KeptFile loadavg;
    KeptFile uptime;
    KeptFile net_dev;  // of the network namespace of this process
};

}  // namespace bulkhead::worker
