// The distribution's name and version as fleets of Go agents know them.
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

// Finds them the way the gopsutil library does, so that a host keeps its name when its agent is
// replaced: by the first release file in /etc that is not empty; else by os-release.
Platform read_platform(const sys::Dir& root, const OsRelease& os_release);

// A file beneath `root`, symlinks followed as if `root` were /: release files often are links, and
// /etc belongs to root. "" when it cannot be read.
std::string read_release_file(const sys::Dir& root, std::string_view path);

}  // namespace bulkhead::worker
