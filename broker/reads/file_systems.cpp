#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <map>

#include "broker/reads/builtins.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/protocol/codec.hpp"
#include "common/protocol/requests.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using protocol::Code, protocol::FileSystem;

constexpr std::string_view kLocal[] = {"bcachefs", "btrfs", "exfat", "ext2",     "ext3",
                                       "ext4",     "f2fs",  "jfs",   "reiserfs", "tmpfs",
                                       "vfat",     "xfs",   "zfs"};

// The figures of that very mount, found through what the kernel has in memory or not at all.
Result<struct statvfs> look_at(const sys::Dir& root, const std::string& path, std::string_view id) {
    const auto below = path == "/" ? "." : path.substr(1);
    auto fd = root.open_at(below, O_PATH, 0, RESOLVE_CACHED);
    // Also what something that was mounted or renamed meanwhile does to the search.
    if (!fd && fd.error().code == EAGAIN) fd = root.open_at(below, O_PATH, 0, RESOLVE_CACHED);
    if (!fd) return std::unexpected(fd.error());
    struct statx found {};
    constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    TRY(sys::check(::statx(fd->get(), "", kFlags, STATX_MNT_ID, &found), path));
    if (std::to_string(found.stx_mnt_id) != id) return fail("covered", ENOENT);
    struct statvfs figures {};
    TRY(sys::check(::fstatvfs(fd->get(), &figures), path));
    return figures;
}

}  // namespace

// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue   (proc(5))
Result<Value> read_file_systems(std::uint64_t max_bytes) {
    const auto root = TRY(sys::Dir::open("/"));
    const auto text = TRY(TRY(sys::Dir::open("/proc/self")).read_file("mountinfo", 16_MiB));
    std::map<std::string, std::vector<std::string_view>> mounts;  // the uppermost of each place
    for (const auto line : split(text, '\n')) {
        const auto fields = words(line);
        if (fields.size() > 4) mounts[unescaped_octal(fields[4])] = fields;
    }
    protocol::FileSystems all;
    auto& rows = all.rows.items;
    const auto room = std::min<std::uint64_t>(max_bytes / FileSystem::kMaxBytes, all.rows.kMax);
    bool complete = true;
    for (const auto& [path, fields] : mounts) {
        const auto dash = std::ranges::find(fields, "-");
        if (fields.end() - dash < 3 || std::ranges::count(kLocal, dash[1]) == 0) continue;
        // What does not fill up, and the kernel's own places.
        if (fields.back().starts_with("ro") || path.starts_with("/sys/")) continue;
        const auto figures = look_at(root, path, fields[0]);
        if (!figures && figures.error().code == ENOENT) continue;  // nobody else gets there either
        const auto name = protocol::HostPath::create(path);
        const bool fits = figures && name && rows.size() < room;
        if (fits) {
            rows.push_back({Code::clipped(fields[2]), *name,
                            std::bit_cast<decltype(FileSystem::figures)>(*figures)});
        }
        complete = complete && fits;
    }
    protocol::Encoder out;
    out.put(all);
    return Value{out.bytes(), complete};
}

}  // namespace bulkhead::broker
