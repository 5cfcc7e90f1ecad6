// The host's file systems. The worker's view holds none of them, so the broker looks; ask by
// BrokerClient::file_systems().
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/host/metrics/disk.hpp"

namespace bulkhead::worker {

struct FileSystems {
    std::vector<Disk> disks;  // each once, by the shortest path it is mounted on; in their order
    bool complete = false;    // otherwise there may be more
    std::string refused;      // the broker's reason code for why there are none
};

// `rows` as host::read_file_systems() writes them.
Result<FileSystems> parse_file_systems(std::string_view rows);

}  // namespace bulkhead::worker
