// FileSystems: size and usage of the host's file systems. The worker's mount view holds none of
// them, so the broker reads them: BrokerClient::file_systems().
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/host/metrics/disk.hpp"

namespace bulkhead::worker {

struct FileSystems {
    std::vector<Disk> disks;  // one for each device, at its shortest mount point; sorted by path
    bool complete = false;    // false: there may be more
    std::string refused;      // the broker's reason code if it gives none, else empty
};

// Parses the rows that read_file_systems() of broker/reads/file_systems.hpp writes, one a line.
// Sets `disks` only. Error: a row that has not eight columns, or a figure that is not a number.
Result<FileSystems> parse_file_systems(std::string_view rows);

}  // namespace bulkhead::worker
