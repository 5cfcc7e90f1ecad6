// Which process holds a socket. The worker may not look into other processes, so the broker does;
// ask by BrokerClient::socket_owners().
#pragma once
#include <string>
#include <unordered_map>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::worker {

struct SocketOwner {
    std::uint32_t pid = 0;
    std::string name;  // of the program, at most 15 bytes of any kind, as in /proc/PID/comm
};

struct SocketOwners {
    // By inode, as sock_diag's idiag_inode. Where several processes share a socket, the one with
    // the lowest pid: of a forking server, that is its parent.
    std::unordered_map<std::uint64_t, SocketOwner> by_inode;
    bool complete = false;  // otherwise a socket that is not here may have an owner all the same
    std::string refused;    // why there are none: policy has no row for this reading
};

// `bytes` is a row of protocol::SocketOwner.
Result<SocketOwners> parse_socket_owners(ByteView bytes);

}  // namespace bulkhead::worker
