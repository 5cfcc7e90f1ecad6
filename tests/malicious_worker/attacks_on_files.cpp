// Files that are none of the worker's business, and ways around the view it has.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/malicious_worker/host_attacks.hpp"

namespace bulkhead::test {

namespace {

using Act = std::function<long(const Surroundings&)>;

Act opens(std::string path, int flags = O_RDONLY) {
    return [path, flags](const Surroundings&) {
        return ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    };
}
Act opens_ours(std::string name, int flags = O_RDONLY) {
    return [name, flags](const Surroundings& s) {
        return ::open((s.place + "/" + name).c_str(), flags | O_CLOEXEC, 0600);
    };
}
Act opens_from_state(std::string name, int flags = O_RDONLY) {
    return [name, flags](const Surroundings& s) {
        return ::openat(s.state, name.c_str(), flags | O_CLOEXEC, 0600);
    };
}
// Of the broker's entry in /proc.
Act opens_brokers(std::string name, int flags = O_RDONLY) {
    return [name, flags](const Surroundings& s) {
        return ::open(("/proc/" + std::to_string(s.broker) + "/" + name).c_str(),
                      flags | O_CLOEXEC);
    };
}

// Absent from a private view, shut by Landlock, or shut by mode and owner.
const std::vector<std::string> kShut{"EACCES", "ENOENT", "EPERM", "EROFS", "ENXIO"};

HostAttack row(const char* name, const char* layer, Act act, int landlock = 0) {
    return {
        .name = name, .layer = layer, .walls = kShut, .act = std::move(act), .landlock = landlock};
}

// Everybody may read it, and the worker has no use for it. Not every kernel has each.
HostAttack row_readable(const char* path) {
    return {std::string("read") + path, "Landlock", kShut, opens(path), 1, path};
}

// Not every host has this one.
HostAttack row_if_there(const char* name, const char* path, int flags = O_RDONLY) {
    return {.name = name,
            .layer = "mode",
            .walls = kShut,
            .act = opens(path, flags),
            .landlock = 0,
            .if_there = path};
}

}  // namespace

std::vector<HostAttack> attacks_on_files() {
    std::vector<HostAttack> all{
        row("read-shadow", "mode", opens("/etc/shadow")),
        row("read-passwd", "Landlock", opens("/etc/passwd"), 1),
        row("list-root", "Landlock", opens("/", O_RDONLY | O_DIRECTORY), 1),
        row("list-etc", "Landlock", opens("/etc", O_RDONLY | O_DIRECTORY), 1),
        row("list-run", "Landlock", opens("/run", O_RDONLY | O_DIRECTORY), 1),
        row("read-ledger", "mode", opens_ours("state/broker/ledger")),
        row("list-broker-state", "mode", opens_ours("state/broker", O_RDONLY | O_DIRECTORY)),
        row("read-audit-log", "mode", opens_ours("log/audit.log")),
        row("read-policy", "Landlock", opens_ours("policy/approval.policy"), 1),
        row("read-signers", "Landlock", opens_ours("policy/allowed_signers"), 1),
        row("read-approved-manifest", "Landlock", opens_ours("policy/approved/sleeper.manifest"),
            1),
        row("read-approved-script", "Landlock", opens_ours("policy/approved/sleeper.script"), 1),
        row("write-approved-script", "mode",
            opens_ours("policy/approved/sleeper.script", O_WRONLY)),
        row("add-approved-script", "mode",
            opens_ours("policy/approved/mine.script", O_WRONLY | O_CREAT)),
        row("write-jobs-scratch", "mode", opens_ours("scratch/x", O_WRONLY | O_CREAT)),
        row("clear-suspension", "mode",
            opens_ours("state/broker/intake-suspended", O_WRONLY | O_CREAT)),
        row("read-broker-program", "uid", opens_brokers("exe")),
        row("write-own-program", "mode", opens("/proc/self/exe", O_WRONLY)),
        row("write-own-memory", "mode", opens("/proc/self/mem", O_RDWR)),
        row("write-tmp", "Landlock", opens("/tmp/malice", O_WRONLY | O_CREAT), 1),
        row("write-dev-shm", "Landlock", opens("/dev/shm/malice", O_WRONLY | O_CREAT), 1),
        row_if_there("read-dev-mem", "/dev/mem"),
        row("write-dev-null", "Landlock", opens("/dev/null", O_WRONLY), 1),
        row("write-core-pattern", "mode", opens("/proc/sys/kernel/core_pattern", O_WRONLY)),
        row_if_there("write-sysrq", "/proc/sysrq-trigger", O_WRONLY),
        row_if_there("write-sys", "/sys/kernel/uevent_helper", O_WRONLY),
        row_if_there("write-cgroup", "/sys/fs/cgroup/cgroup.procs", O_WRONLY),
        // Out of the directory that it holds
        row("climb-to-parent", "mode", opens_from_state("../../broker", O_RDONLY | O_DIRECTORY)),
        row("climb-to-ledger", "mode", opens_from_state("../../broker/ledger")),
        row("climb-to-root", "mode",
            opens_from_state("../../../../../../etc", O_RDONLY | O_DIRECTORY)),
        row("climb-to-shadow", "mode", opens_from_state("../../../../../../etc/shadow")),
        row("follow-link-to-shadow", "mode", opens_from_state("link-to-shadow")),
        row("follow-link-to-root", "Landlock",
            opens_from_state("link-to-root", O_RDONLY | O_DIRECTORY), 1),
        row("by-own-descriptor", "mode",
            [](const Surroundings& s) {
                return ::open(
                    ("/proc/self/fd/" + std::to_string(s.state) + "/../broker/ledger").c_str(),
                    O_RDONLY);
            }),
        row("reopen-settings-to-write", "mode",
            [](const Surroundings& s) {
                const auto path = "/proc/self/fd/" + std::to_string(s.settings);
                const int fd = ::open(path.c_str(), O_RDWR);
                return fd < 0 ? -1L : ::pwrite(fd, "x", 1, 0);
            }),
        row("by-own-root", "mode", opens("/proc/self/root/etc/shadow")),
        row("by-root-of-init", "uid", opens("/proc/1/root/etc/passwd")),
        row("by-root-of-broker", "uid", opens_brokers("root/etc/passwd")),
        row("by-directory-of-broker", "uid", opens_brokers("cwd", O_RDONLY | O_DIRECTORY)),
        row("by-descriptors-of-broker", "uid", opens_brokers("fd", O_RDONLY | O_DIRECTORY)),
        row("by-descriptor-of-broker", "uid", opens_brokers("fd/3", O_RDWR)),
        {.name = "write-settings",
         .layer = "mode",
         .walls = {"EPERM", "EBADF"},
         .act = [](const Surroundings& s) { return ::pwrite(s.settings, "x", 1, 0); }},
        {.name = "truncate-settings",
         .layer = "mode",
         .walls = {"EPERM", "EINVAL", "EBADF"},
         .act = [](const Surroundings& s) { return ::ftruncate(s.settings, 0); }},
        {.name = "chmod-settings",
         .layer = "mode",
         .walls = {"EPERM", "EROFS"},
         .act = [](const Surroundings& s) { return ::fchmod(s.settings, 0666); }},
        {.name = "move-out-of-state",
         .layer = "mode",
         .walls = {"EACCES", "EXDEV", "ENOENT", "EROFS"},
         .act =
             [](const Surroundings& s) {
                 return ::renameat(s.state, "findings", AT_FDCWD,
                                   (s.place + "/scratch/out").c_str());
             }},
        {.name = "set-uid-program",
         .layer = "none",  // it may make one; it gives nobody anything but this very user
         .walls = {"done"},
         .act =
             [](const Surroundings& s) {
                 const int fd = ::openat(s.state, "own-program", O_WRONLY | O_CREAT, 0600);
                 return fd < 0 ? -1 : ::fchmod(fd, 04755);
             }},
    };
    for (const char* path :
         {"/proc", "/proc/keys", "/proc/key-users", "/proc/iomem", "/proc/cmdline",
          "/proc/config.gz", "/proc/net/unix", "/proc/modules", "/proc/stat", "/proc/self/maps",
          "/sys", "/sys/module", "/sys/kernel/btf/vmlinux", "/usr/lib"}) {
        all.push_back(row_readable(path));
    }
    return all;
}

}  // namespace bulkhead::test
