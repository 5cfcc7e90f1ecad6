// Platform: name and version of the distribution as gopsutil 4.25 (host/host_linux.go) gives them,
// which the LunaSentri agent reports.
#pragma once
#include <string>
#include <string_view>

#include "common/sys/dir.hpp"
#include "worker/host/system/os_release.hpp"

namespace bulkhead::worker {

struct Platform {
    std::string name;     // "debian", "ubuntu", "redhat", "rocky", "alpine", ...
    std::string version;  // "12.11", "22.04", "9.4"
};

// Uses the first release file in /etc that is not empty, in gopsutil's order, else `os_release`, so
// that a host keeps its name when this agent replaces one written in Go. `root` is /.
Platform read_platform(const sys::Dir& root, const OsRelease& os_release);

// Reads a file beneath `root` and follows symlinks as if `root` were / (RESOLVE_IN_ROOT,
// openat2(2)), because release files often are symlinks. "" if it cannot be read, is not a regular
// file, not UTF-8, or longer than 64 KiB.
std::string read_release_file(const sys::Dir& root, std::string_view path);

}  // namespace bulkhead::worker
