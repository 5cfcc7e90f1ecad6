// How full one file system is.
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
    // Of what an ordinary user could fill: blocks reserved for root count on neither side, as in
    // df.
    double used_percent = 0;
    double inodes_used_percent = 0;  // 0 where the file system has no fixed number of them
};

Disk disk_of(std::string path, const struct statvfs& figures);
// Of the file system that holds `directory`; `path` is its name in reports.
Result<Disk> read_disk(const sys::Fd& file, const std::string& path);

}  // namespace bulkhead::worker
