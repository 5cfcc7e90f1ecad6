// SocketOwners: which process holds which socket. The worker may not read /proc/PID/fd of other
// processes, so the broker does: BrokerClient::socket_owners().
#pragma once
#include <string>
#include <unordered_map>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::worker {

struct SocketOwner {
    std::uint32_t pid = 0;
    std::string name;  // /proc/PID/comm: at most 15 bytes, not necessarily UTF-8 (proc(5))
};

struct SocketOwners {
    // The key is the inode of the socket (idiag_inode, sock_diag(7)). Of several processes that
    // share a socket it has the one with the lowest pid, usually the parent in a forking server.
    std::unordered_map<std::uint64_t, SocketOwner> by_inode;
    bool complete = false;  // false: a socket that is not here may have an owner
    std::string refused;    // the broker's reason code if it gives none, else empty
};

// Parses a sequence of encoded protocol::SocketOwner, each of SocketOwner::kBytes. Sets `by_inode`
// only. Error: `bytes` is no whole number of them, or one cannot be decoded.
Result<SocketOwners> parse_socket_owners(ByteView bytes);

}  // namespace bulkhead::worker
