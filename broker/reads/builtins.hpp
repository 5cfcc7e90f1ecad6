// The builtin rows of reads.policy: values that root makes up, because the worker may not look.
#pragma once
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::broker {

struct Value {
    Bytes bytes;
    bool complete = false;  // false: cut at a bound, or the kernel did not let us look everywhere
};

// Which process holds which socket: protocol::SocketOwner, one behind the other, out of
// /proc/PID/fd, where only root may look. At most `max_bytes`, and a quarter of a second: what is
// missing then, or where the kernel does not let us look (CAP_SYS_PTRACE, for processes of other
// users), makes it incomplete.
Result<Value> read_socket_owners(std::uint64_t max_bytes, const std::string& proc = "/proc");

// How full the host's file systems are: a protocol::FileSystems of at most `max_bytes`, with a row
// for each writable mount of the broker's own namespace whose type is known to be local. What
// another machine or a process would have to be asked about (NFS, FUSE, the way to a place beneath
// one) is not touched, so nothing here waits. Needs RESOLVE_CACHED of openat2(2), Linux 5.12.
Result<Value> read_file_systems(std::uint64_t max_bytes);

}  // namespace bulkhead::broker
