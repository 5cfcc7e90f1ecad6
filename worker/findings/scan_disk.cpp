// File systems that are about to be full, of bytes or of inodes.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "worker/findings/mounts.hpp"
#include "worker/findings/scanner.hpp"
#include "worker/metrics/disk.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::uint64_t kMaxMountinfo = 1 << 20;

std::string in_gib(std::uint64_t bytes) {
    const auto tenths = bytes / ((1ULL << 30) / 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

// `what` is "space" or "inodes".
void judge(const std::string& what, double used_percent, const Disk& disk,
           const ScanContext& context, std::vector<Finding>& findings) {
    if (used_percent < context.settings.disk_warn_percent) return;
    const bool critical = used_percent >= context.settings.disk_critical_percent;
    const auto used = std::to_string(static_cast<int>(used_percent)) + " %";
    findings.push_back(
        {.type = "disk." + what,
         .key = disk.path,
         .severity = critical ? Severity::critical : Severity::warn,
         .title = (what == "space" ? "File system is " : "Inodes are ") + used + " used",
         .message = "The file system on " + disk.path + " has " + used + " of its " + what +
                    " in use; it holds " + in_gib(disk.total_bytes) + ", " +
                    in_gib(disk.total_bytes - disk.used_bytes) + " of them unused.",
         .metadata = {{"usedPercent", used_percent},
                      {"totalBytes", static_cast<std::int64_t>(disk.total_bytes)},
                      {"usedBytes", static_cast<std::int64_t>(disk.used_bytes)}},
         .related = {}});
}

Finding unreadable(const std::string& path, const Error& error) {
    return {.type = "disk.unreadable",
            .key = path,
            .severity = Severity::info,
            .title = "File system cannot be checked",
            .message = path + ": " + error.what,
            .metadata = {},
            .related = {}};
}

// O_PATH: only looked at, so it needs no right to read.
Result<Disk> look_at(const sys::Dir& root, const std::string& path) {
    const auto below = path == "/" ? std::string(".") : path.substr(1);
    return read_disk(TRY(root.open_at(below, O_PATH | O_DIRECTORY)), path);
}

// In a view of its own the worker sees no file system but the root's, and that through one file.
bool has_own_view(const ScanContext& context) {
    struct statfs own {};
    return context.disk != nullptr && ::fstatfs(context.root.fd(), &own) == 0 &&
           own.f_type == TMPFS_MAGIC;
}

std::vector<Finding> judged(const Disk& disk, const ScanContext& context) {
    std::vector<Finding> findings;
    judge("space", disk.used_percent, disk, context, findings);
    judge("inodes", disk.inodes_used_percent, disk, context, findings);
    return findings;
}

}  // namespace

Result<std::vector<Finding>> scan_disk(const ScanContext& context) {
    if (has_own_view(context)) {
        const auto disk = read_disk(*context.disk, "/");
        return disk ? judged(*disk, context) : std::vector{unreadable("/", disk.error())};
    }
    // Not "self", which is a symlink.
    const auto name = std::to_string(::getpid()) + "/mountinfo";
    const auto mountinfo = context.proc.read_file(name, kMaxMountinfo);
    if (!mountinfo) return std::vector{unreadable("mounts", mountinfo.error())};
    std::vector<Finding> findings;
    for (const auto& path : parse_mounts(*mountinfo)) {
        const auto disk = look_at(context.root, path);
        // Files are mounted as well, and mount points come and go: nothing to report.
        if (!disk && (disk.error().code == ENOTDIR || disk.error().code == ENOENT)) continue;
        if (!disk) {
            findings.push_back(unreadable(path, disk.error()));
            continue;
        }
        std::ranges::move(judged(*disk, context), std::back_inserter(findings));
    }
    return findings;
}

}  // namespace bulkhead::worker
