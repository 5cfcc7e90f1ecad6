// Which process holds which socket: /proc/PID/fd, where only root may look.
#pragma once
#include <string>

#include "broker/reads/file_systems.hpp"

namespace bulkhead::broker {

// protocol::SocketOwner, one behind the other. At most `max_bytes`, and a quarter of a second: what
// is missing then, or where the kernel does not let us look (CAP_SYS_PTRACE, for processes of other
// users), makes it incomplete.
Result<Reading> read_socket_owners(std::uint64_t max_bytes, const std::string& proc = "/proc");

}  // namespace bulkhead::broker
