// Size and usage of one file system, from statvfs(3).
#pragma once
#include <sys/statvfs.h>

#include <cstdint>
#include <string>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

struct Disk {
    std::string path;
    std::uint64_t total_bytes = 0;
    std::uint64_t used_bytes = 0;
    // used / (used + available to ordinary users), 0..100: as in df(1), blocks reserved for root
    // count on neither side.
    double used_percent = 0;
    double inodes_used_percent = 0;  // 0..100; 0 if the file system reports no number of inodes
};

// Computes the figures without a system call; `path` is the name in reports.
Disk disk_of(std::string path, const struct statvfs& figures);
// Reads the file system that holds `file` (any file or directory on it). Errors: those of
// fstatvfs(3).
Result<Disk> read_disk(const sys::Fd& file, const std::string& path);

}  // namespace bulkhead::worker
