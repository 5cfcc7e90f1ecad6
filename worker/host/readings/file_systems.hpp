// FileSystems: size and usage of the host's file systems. The worker's mount view holds none of
// them, so the broker reads them: BrokerClient::file_systems().
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/host/metrics/disk.hpp"
#include "worker/host/metrics/name_filter.hpp"

namespace bulkhead::worker {

struct FileSystems {
    std::vector<Disk> disks;  // one for each device, at its shortest mount point; sorted by path
    // Mount points of devices that no place led to without asking another file system; sorted.
    std::vector<std::string> unseen;
    bool complete = false;  // false: there may be more
    std::string refused;    // the broker's reason code if it gives none, else empty
};

// Parses the rows that read_file_systems() of broker/reads/file_systems.hpp writes, one a line, of
// mount points that `mounts` keeps. Sets `disks` and `unseen` only. Error: a row that has neither
// eight columns nor two, or a figure that is not a number.
Result<FileSystems> parse_file_systems(std::string_view rows, const NameFilter& mounts = {});

}  // namespace bulkhead::worker
