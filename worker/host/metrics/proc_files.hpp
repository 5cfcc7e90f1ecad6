// What the worker reports of from /proc, and all that it ever sees of it.
#pragma once
#include "worker/host/metrics/kept_file.hpp"

namespace bulkhead::worker {

// Opened before the worker is confined: afterwards there is no /proc for it.
struct ProcFiles {
    // `proc` is /proc.
    explicit ProcFiles(const sys::Dir& proc);

    KeptFile stat;
    KeptFile meminfo;
    KeptFile loadavg;
    KeptFile uptime;
    KeptFile net_dev;  // of the network namespace that we are in
};

}  // namespace bulkhead::worker
