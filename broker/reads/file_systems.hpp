// How full the host's local file systems are.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::broker {

// A value of at most so many bytes as its reader was told.
struct Reading {
    std::string bytes;
    bool complete = false;  // false: cut there
};

// A line for each writable mount of this process's namespace whose type is known to be local:
//   DEVICE PLACE BLOCK-BYTES BLOCKS FREE AVAILABLE INODES FREE-INODES
// Device and place as in mountinfo (proc(5)), blanks escaped; numbers as statvfs(3) has them. What
// another machine or a process would have to be asked about (NFS, FUSE, the way to a place beneath
// one) is not touched, so nothing here waits: a line ends after the place where that is the only
// way. What is mounted beneath procfs and sysfs is left out. Needs RESOLVE_CACHED of openat2(2),
// Linux 5.12.
Result<Reading> read_file_systems(std::uint64_t max_bytes);

}  // namespace bulkhead::broker
