#include "worker/host/metrics/disk.hpp"

#include "worker/host/metrics/percent.hpp"

namespace bulkhead::worker {

Disk disk_of(std::string path, const struct statvfs& figures) {
    // f_blocks, f_bfree and f_bavail count units of f_frsize (statvfs(3)). f_bsize is the preferred
    // transfer size, which differs from it on some network and FUSE file systems.
    const std::uint64_t unit = figures.f_frsize;
    const std::uint64_t total = figures.f_blocks * unit;
    const std::uint64_t free = figures.f_bfree * unit;
    const std::uint64_t used = less(total, free);
    const std::uint64_t inodes = figures.f_files;
    const std::uint64_t free_inodes = figures.f_ffree;
    return Disk{.path = std::move(path),
                .total_bytes = total,
                .used_bytes = used,
                .used_percent = percent(used, used + figures.f_bavail * unit),
                .inodes_used_percent = percent(less(inodes, free_inodes), inodes)};
}

Result<Disk> read_disk(const sys::Fd& file, const std::string& path) {
    struct statvfs figures {};
    if (::fstatvfs(file.get(), &figures) != 0) return sys::fail_errno("statvfs " + path);
    return disk_of(path, figures);
}

}  // namespace bulkhead::worker
