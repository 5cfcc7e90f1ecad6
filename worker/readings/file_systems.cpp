#include "worker/readings/file_systems.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::worker {

Result<FileSystems> parse_file_systems(ByteView bytes) {
    protocol::FileSystems told;
    std::vector<sys::Fd> none;
    protocol::Decoder decoder(bytes, none);
    TRY(within("file systems", decoder.get(told)));
    TRY(within("file systems", decoder.finish()));
    std::map<std::string, const protocol::FileSystem*> shortest;  // by device
    for (const auto& row : told.rows.items) {
        auto& kept = shortest.try_emplace(row.device.str(), &row).first->second;
        if (row.path.str().size() < kept->path.str().size()) kept = &row;
    }
    FileSystems all;
    for (const auto& [device, row] : shortest) {
        all.disks.push_back(disk_of(row->path.str(), std::bit_cast<struct statvfs>(row->figures)));
    }
    std::ranges::sort(all.disks, {}, &Disk::path);
    return all;
}

}  // namespace bulkhead::worker
