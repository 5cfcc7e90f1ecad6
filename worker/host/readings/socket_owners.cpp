#include "worker/host/readings/socket_owners.hpp"

#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::worker {

Result<SocketOwners> parse_socket_owners(ByteView bytes) {
    using Row = protocol::SocketOwner;
    if (bytes.size() % Row::kBytes != 0) return fail("socket owners: not whole rows");
    SocketOwners owners;
    owners.by_inode.reserve(bytes.size() / Row::kBytes);
    std::vector<sys::Fd> none;
    for (; !bytes.empty(); bytes = bytes.subspan(Row::kBytes)) {
        Row row;
        TRY(protocol::Decoder(bytes.first(Row::kBytes), none).get(row));
        const auto [at, added] = owners.by_inode.try_emplace(row.inode);
        if (!added && at->second.pid <= row.pid) continue;
        const auto name = as_text(row.name);
        at->second = {row.pid, std::string(name.substr(0, name.find('\0')))};
    }
    return owners;
}

}  // namespace bulkhead::worker
