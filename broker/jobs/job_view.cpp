#include "broker/jobs/job_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "common/sandbox/privileges.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

namespace {

// Of the mount at `path`, or `tree` itself, and of all beneath.
Result<> set_attributes(int tree, const char* path, std::uint64_t set) {
    mount_attr attributes{};
    attributes.attr_set = set;
    const unsigned flags = AT_RECURSIVE | (*path == 0 ? AT_EMPTY_PATH : 0);
    return sys::check(::mount_setattr(tree, path, flags, &attributes, sizeof attributes),
                      "mount attributes");
}

Result<> fresh_directory(const char* path) {
    constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV;
    struct stat before {};
    struct stat after {};
    TRY(sys::check(::stat(path, &before), path));
    TRY(sys::check(::mount("tmpfs", path, "tmpfs", kFlags, "mode=1777"), path));
    TRY(sys::check(::stat(path, &after), path));
    if (before.st_dev == after.st_dev)
        return sandbox::differs(std::string(path) + " is the host's");
    return {};
}

bool writes(const policy::PathRule& rule) {
    return rule.access == policy::Access::write || rule.access == policy::Access::devices;
}

bool writes_all_of(const policy::Profile& profile, std::string_view path) {
    return std::ranges::any_of(profile.paths, [path](const auto& rule) {
        return writes(rule) && (rule.path == "/" || rule.path == path);
    });
}

Result<> require_mounted(const std::string& path, unsigned long flag, const char* otherwise) {
    struct statvfs there {};
    TRY(sys::check(::statvfs(path.c_str(), &there), path));
    if ((there.f_flag & flag) == 0) return sandbox::differs(path + otherwise);
    return {};
}

// All read-only but for the profile's write paths. Each of them is a tree of its own that was taken
// before: what the host has read-only in it stays so.
Result<> make_read_only(const policy::Profile& profile) {
    if (!has_read_only_views()) return {};
    std::vector<std::pair<const std::string&, sys::Fd>> trees;
    constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    const bool all = writes_all_of(profile, "/");
    for (const auto& rule : profile.paths) {
        if (!writes(rule) || all) continue;
        sys::Fd tree(::open_tree(AT_FDCWD, rule.path.c_str(), kClone));
        if (!tree && errno == ENOENT && rule.if_present) continue;
        if (!tree) return sys::fail_errno(rule.path);
        trees.emplace_back(rule.path, std::move(tree));
    }
    const std::uint64_t read_only = all ? 0 : MOUNT_ATTR_RDONLY;
    TRY(set_attributes(AT_FDCWD, "/", MOUNT_ATTR_NOSUID | read_only));
    if (!all) TRY(require_mounted("/", ST_RDONLY, " is writable"));
    TRY(require_mounted("/", ST_NOSUID, " may be set-user-id"));
    for (const auto& [path, tree] : trees) {
        TRY(set_attributes(tree.get(), "", MOUNT_ATTR_NOSUID));
        TRY(sys::check(
            ::move_mount(tree.get(), "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH), path));
        TRY(require_mounted(path, ST_NOSUID, " may be set-user-id"));
    }
    return {};
}

}  // namespace

bool has_read_only_views() {
    // Asked with nonsense, which a kernel that knows the call refuses as such.
    static const bool kThere =
        ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0) == 0 || errno != ENOSYS;
    return kThere;
}

Result<> make_view(const policy::Profile& profile) {
    if (!profile.namespaces.mount) return {};
    TRY(sys::check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts"));
    TRY(within("view", make_read_only(profile)));
    if (profile.private_tmp) {
        for (const char* scratch : kScratch) TRY(fresh_directory(scratch));
    }
    if (profile.namespaces.pid) {
        // Read-only, or capabilities alone would do to change the host's settings there.
        unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
        if (!writes_all_of(profile, "/proc")) flags |= MS_RDONLY;
        TRY(sys::check(::mount("proc", "/proc", "proc", flags, nullptr), "mount /proc"));
    }
    return {};
}

}  // namespace bulkhead::broker
