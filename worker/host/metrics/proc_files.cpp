#include "worker/host/metrics/proc_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace bulkhead::worker {

namespace {

// /proc/net is a link to self/net and self is a link to the own pid; Dir follows neither.
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
