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

Result<> set_attributes(const std::string& path, std::uint64_t set, std::uint64_t clear) {
    if (!has_read_only_views()) return {};
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    return sys::check(::syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), AT_RECURSIVE,
                                &attributes, sizeof attributes),
                      "mount attributes of " + path);
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

Result<> require_read_only(const policy::Profile& profile) {
    const bool all = writes_all_of(profile, "/");
    struct statvfs root {};
    TRY(sys::check(::statvfs("/", &root), "statvfs /"));
    const bool writable = (root.f_flag & ST_RDONLY) == 0;
    if (writable && !all && has_read_only_views()) return sandbox::differs("/ is writable");
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
    for (const auto& rule : profile.paths) {
        if (!writes(rule)) continue;
        // A mount of its own, so that it can stay writable below a read-only root.
        const auto* path = rule.path.c_str();
        const int code = ::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr);
        if (code != 0 && errno == ENOENT && rule.if_present) continue;
        TRY(sys::check(code, "bind " + rule.path));
    }
    TRY(set_attributes("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0));
    for (const auto& rule : profile.paths) {
        if (!writes(rule) || ::access(rule.path.c_str(), F_OK) != 0) continue;
        TRY(set_attributes(rule.path, 0, MOUNT_ATTR_RDONLY));
    }
    if (profile.private_tmp) {
        for (const char* scratch : kScratch) TRY(fresh_directory(scratch));
    }
    if (profile.namespaces.pid) {
        // Read-only, or capabilities alone would do to change the host's settings there.
        unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
        if (!writes_all_of(profile, "/proc")) flags |= MS_RDONLY;
        TRY(sys::check(::mount("proc", "/proc", "proc", flags, nullptr), "mount /proc"));
    }
    return within("view", require_read_only(profile));
}

}  // namespace bulkhead::broker
