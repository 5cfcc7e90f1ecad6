#include "broker/status/status_file.hpp"

#include "broker/records/as_group.hpp"

namespace bulkhead::broker {

Result<> StatusFile::write(const std::string& json, gid_t group) const {
    // One that an interrupted call left would keep its group.
    TRY(dir_.remove_file(std::string(kName) + ".new"));
    const records::AsGroup as(group);
    return within("write " + std::string(kName), dir_.write_atomic(kName, json + "\n", 0640));
}

}  // namespace bulkhead::broker
