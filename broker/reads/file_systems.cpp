#include "broker/reads/file_systems.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <map>

#include "common/base/parse.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/mounts.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::string_view kLocal[] = {"bcachefs", "btrfs", "exfat", "ext2",     "ext3",
                                       "ext4",     "f2fs",  "jfs",   "reiserfs", "tmpfs",
                                       "vfat",     "xfs",   "zfs"};

// statvfs(3) of the mount with that id. RESOLVE_CACHED: never wait for a dead network mount on the
// way (openat2(2)).
Result<struct statvfs> look_at(const sys::Dir& root, const std::string& path, std::string_view id) {
    const auto below = path == "/" ? "." : path.substr(1);
    auto fd = root.open_at(below, O_PATH, 0, RESOLVE_CACHED);
    // EAGAIN may also come from a concurrent mount or rename; try once more.
    if (!fd && fd.error().code == EAGAIN) fd = root.open_at(below, O_PATH, 0, RESOLVE_CACHED);
    if (!fd) return std::unexpected(fd.error());
    struct statx found {};
    constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    TRY(sys::check(::statx(fd->get(), "", kFlags, STATX_MNT_ID, &found), path));
    if (std::to_string(found.stx_mnt_id) != id) return fail("covered", Error::Kind::not_there);
    struct statvfs figures {};
    TRY(sys::check(::fstatvfs(fd->get(), &figures), path));
    return figures;
}

// Without figures it is the row of a mount that could not be looked at.
std::string row_of(const sys::Mount& mount, const Result<struct statvfs>& at) {
    auto row = std::string(mount.device) + " " + std::string(mount.place);
    if (!at) return row + "\n";
    for (const auto number :
         {at->f_frsize, at->f_blocks, at->f_bfree, at->f_bavail, at->f_files, at->f_ffree}) {
        row += " " + std::to_string(number);
    }
    return row + "\n";
}

}  // namespace

Result<Reading> read_file_systems(std::uint64_t max_bytes) {
    const auto root = TRY(sys::Dir::open("/"));
    const auto text = TRY(TRY(sys::Dir::open("/proc/self")).read_file("mountinfo", 16 << 20));
    std::map<std::string_view, sys::Mount> uppermost;  // of each place
    for (const auto& mount : sys::parse_mounts(text)) uppermost[mount.place] = mount;
    Reading reading{.bytes = {}, .complete = true};
    // Beneath procfs and sysfs RESOLVE_CACHED never succeeds, for the kernel asks them at each
    // lookup. What is mounted there hides or replaces files of theirs, and is no disk.
    std::string asked;
    for (const auto& [place, mount] : uppermost) {
        if (!asked.empty() && place.starts_with(asked)) continue;
        if (mount.type == "proc" || mount.type == "sysfs") asked = std::string(place) + "/";
        // Read-only file systems do not fill up.
        const bool fixed = mount.super_options.starts_with("ro");
        if (fixed || std::ranges::count(kLocal, mount.type) == 0) continue;
        const auto figures = look_at(root, sys::unescaped(place), mount.id);
        // Covered by a later mount, so unreachable for everybody.
        if (!figures &&
            (figures.error().code == ENOENT || figures.error().kind == Error::Kind::not_there)) {
            continue;
        }
        const auto row = row_of(mount, figures);
        const bool fits = reading.bytes.size() + row.size() <= max_bytes;
        if (fits) reading.bytes += row;
        reading.complete = reading.complete && fits;
    }
    return reading;
}

}  // namespace bulkhead::broker
