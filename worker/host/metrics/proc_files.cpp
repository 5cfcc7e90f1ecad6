#include "worker/host/metrics/proc_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace bulkhead::worker {

namespace {

// /proc/net is a symlink to self/net, and /proc/self one to the pid of the caller (proc(5)).
// sys::Dir follows no symlink, so the path without them is needed.
std::string net_dev_path(const sys::Dir& proc) {
    const auto plain = proc.open_at("net/dev", O_PATH);
    const bool is_link = !plain && plain.error().code == ELOOP;
    return is_link ? std::to_string(::getpid()) + "/net/dev" : "net/dev";
}

// Of version 1 the controller cpu, beside which distributions mount a symlink of that name.
std::string cpu_directory(const sys::Dir& root) {
    return root.open_dir("cpu,cpuacct") ? "cpu,cpuacct/" : "cpu/";
}

}  // namespace

CgroupFiles::CgroupFiles(const sys::Dir& root)
    : memory_max(root, "memory.max"),
      cpu_max(root, "cpu.max"),
      memory_limit(root, "memory/memory.limit_in_bytes"),
      cpu_quota(root, cpu_directory(root) + "cpu.cfs_quota_us"),
      cpu_period(root, cpu_directory(root) + "cpu.cfs_period_us") {}

ProcFiles::ProcFiles(const sys::Dir& proc, const sys::Dir& cgroups)
    : stat(proc, "stat"),
      meminfo(proc, "meminfo"),
      loadavg(proc, "loadavg"),
      uptime(proc, "uptime"),
      net_dev(proc, net_dev_path(proc)),
      cgroup(cgroups),
      boot_id(proc.read_file("sys/kernel/random/boot_id", 64).value_or("")) {
    if (boot_id.ends_with('\n')) boot_id.pop_back();
}

}  // namespace bulkhead::worker
