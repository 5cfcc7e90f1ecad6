// ProcFiles: the files of /proc and /sys that metrics and system information are read from.
#pragma once
#include "worker/host/metrics/kept_file.hpp"

namespace bulkhead::worker {

// The root directory of the tree of control groups, as this process sees it.
struct CgroupFiles {
    explicit CgroupFiles(const sys::Dir& root);

    KeptFile memory_max, cpu_max;                  // version 2
    KeptFile memory_limit, cpu_quota, cpu_period;  // version 1
};

// The worker opens them before it is confined: its mount view has no /proc. What the host has
// mounted over them, as lxcfs does in a container, is what is opened.
struct ProcFiles {
    // `proc` is /proc, `cgroups` /sys/fs/cgroup. A file that cannot be opened fails when it is
    // read.
    ProcFiles(const sys::Dir& proc, const sys::Dir& cgroups);
    // Without control groups: /proc has no file of these names.
    explicit ProcFiles(const sys::Dir& proc) : ProcFiles(proc, proc) {}

    KeptFile stat;
    KeptFile meminfo;
    KeptFile loadavg;
    KeptFile uptime;
    KeptFile net_dev;  // of the network namespace of this process
    CgroupFiles cgroup;
    std::string boot_id;  // random(4); empty if it cannot be read
};

}  // namespace bulkhead::worker
