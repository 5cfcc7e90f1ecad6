#include "broker/jobs/job_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "common/sys/fd.hpp"

namespace bulkhead::broker {

namespace {

Result<> call(long code, const std::string& what) {
    if (code == 0) return {};
    return sys::fail_errno(what);
}

Result<> set_attributes(const std::string& path, std::uint64_t set, std::uint64_t clear) {
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    const long code = ::syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), AT_RECURSIVE,
                                &attributes, sizeof attributes);
    if (code != 0 && errno == ENOSYS) return {};
    return call(code, "mount attributes of " + path);
}

Result<> fresh_directory(const std::string& path) {
    constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV;
    return call(::mount("tmpfs", path.c_str(), "tmpfs", kFlags, "mode=1777"), "tmpfs on " + path);
}

bool writes(const policy::PathRule& rule) {
    return rule.access == policy::Access::write || rule.access == policy::Access::devices;
}

}  // namespace

Result<> make_view(const policy::Profile& profile) {
    if (!profile.namespaces.mount) return {};
    TRY(call(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts"));
    for (const auto& rule : profile.paths) {
        if (!writes(rule)) continue;
        // A mount of its own, so that it can stay writable below a read-only root.
        const auto* path = rule.path.c_str();
        const int code = ::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr);
        if (code != 0 && errno == ENOENT && rule.if_present) continue;
        TRY(call(code, "bind " + rule.path));
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
        constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
        TRY(call(::mount("proc", "/proc", "proc", kFlags, nullptr), "mount /proc"));
    }
    return {};
}

}  // namespace bulkhead::broker
