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

}  // namespace

ProcFiles::ProcFiles(const sys::Dir& proc)
    : stat(proc, "stat"),
      meminfo(proc, "meminfo"),
      loadavg(proc, "loadavg"),
      uptime(proc, "uptime"),
      net_dev(proc, net_dev_path(proc)) {}

}  // namespace bulkhead::worker
