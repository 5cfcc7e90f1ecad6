// The host's file systems. The worker's view holds none of them, so the broker looks; ask by
// BrokerClient::file_systems().
#pragma once
#include <string>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "worker/metrics/disk.hpp"

namespace bulkhead::worker {

struct FileSystems {
    std::vector<Disk> disks;  // each once, by the shortest path it is mounted on; in their order
    bool complete = false;    // otherwise there may be more
    std::string refused;      // the broker's reason code for why there are none
};

// `bytes` is a protocol::FileSystems.
Result<FileSystems> parse_file_systems(ByteView bytes);

}  // namespace bulkhead::worker
