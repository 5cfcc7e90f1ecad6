// The scanner "disk": file systems that run out of space or of inodes.
#include <algorithm>
#include <ranges>

#include "common/base/text.hpp"
#include "worker/host/scanners/scanner.hpp"

namespace bulkhead::worker {

namespace {

std::string in_gib(std::uint64_t bytes) {
    const auto tenths = bytes / ((1ULL << 30) / 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

// `what` is "space" or "inodes".
void judge(const std::string& what, double used_percent, const Disk& disk,
           const FindingsConfig& settings, std::vector<Finding>& findings) {
    if (used_percent < settings.disk_warn_percent) return;
    const bool critical = used_percent >= settings.disk_critical_percent;
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

Finding unreadable(const std::string& path, const std::string& why) {
    return {.type = "disk.unreadable",
            .key = path,
            .severity = Severity::info,
            .title = "File system cannot be checked",
            .message = path + ": " + why,
            .metadata = {},
            .related = {}};
}

void judge(const Disk& disk, const FindingsConfig& settings, std::vector<Finding>& findings) {
    judge("space", disk.used_percent, disk, settings, findings);
    judge("inodes", disk.inodes_used_percent, disk, settings, findings);
}

Finding others_unseen(const std::string& reason) {
    constexpr const char* kRow = "builtin file-systems 512KiB  # why";
    auto finding = unreadable("mounts", "no file system but that of / is looked at: " +
                                            std::string(explain_read(reason)));
    if (reason == "read-unknown")
        finding.message +=
            std::string(". To have all of them looked at, write into reads.policy.d/NAME.lines: ") +
            kRow;
    finding.metadata = {{"reason", reason}};
    return finding;
}

Finding some_unseen(const FileSystems& systems) {
    constexpr std::size_t kNamed = 5;
    std::string names;
    for (const auto& place : systems.unseen | std::views::take(kNamed)) {
        names += (names.empty() ? "" : ", ") + BoundaryText<80>::clipped(place).str();
    }
    if (systems.unseen.size() > kNamed) {
        names += " and " + std::to_string(systems.unseen.size() - kNamed) + " more";
    }
    std::string why = "some file systems could not be looked at";
    if (!names.empty()) {
        why +=
            ": the way to " + names +
            " leads through a file system that might not answer (NFS, FUSE); mount it elsewhere, "
            "or add a pattern for it to mounts.exclude (one that is set replaces the default)";
    }
    if (!systems.complete) {
        why +=
            "; there are more than the row file-systems in reads.policy has room for: give it a "
            "larger size";
    }
    return unreadable("mounts", why);
}

}  // namespace

Result<std::vector<Finding>> scan_disk(const ScanContext& context) {
    const auto systems = TRY(context.file_systems());
    std::vector<Finding> findings;
    // The root file system is judged even if the broker does not list it.
    if (context.settings.mounts.keeps("/") &&
        std::ranges::find(systems.disks, "/", &Disk::path) == systems.disks.end()) {
        const auto root = read_disk(context.disk, "/");
        if (root) judge(*root, context.settings, findings);
        if (!root) findings.push_back(unreadable("/", root.error().what));
    }
    for (const auto& disk : systems.disks) judge(disk, context.settings, findings);
    if (!systems.refused.empty()) {
        findings.push_back(others_unseen(systems.refused));
    } else if (!systems.complete || !systems.unseen.empty()) {
        findings.push_back(some_unseen(systems));
    }
    return findings;
}

}  // namespace bulkhead::worker
