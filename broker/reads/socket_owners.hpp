// Which process holds which socket: /proc/PID/fd, where only root may look.
#pragma once
#include "common/base/bytes.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

struct SocketOwners {
    Bytes bytes;  // of protocol::SocketOwner, one behind the other
    bool complete = false;
};

// At most `max_bytes`, and a quarter of a second: what is missing then, or where the kernel does
// not let us look (CAP_SYS_PTRACE, for processes of other users), makes it incomplete.
Result<SocketOwners> read_socket_owners(std::uint64_t max_bytes, const std::string& proc = "/proc");

}  // namespace bulkhead::broker
