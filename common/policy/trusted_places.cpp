#include "common/policy/trusted_places.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/policy/pattern.hpp"

namespace bulkhead::policy {

namespace {

using enum TrustedPlace::Deleting;
using enum TrustedPlace::Open;

// clang-format off
constexpr TrustedPlace kPlaces[] = {
    // Programs, and files that they load.
    {"/usr", "everybody, root too, who runs these programs", hurts},
    {"/bin", "everybody, root too, who runs these programs", hurts},
    {"/sbin", "everybody, root too, who runs these programs", hurts},
    {"/lib", "every program, which loads these libraries", hurts},
    {"/lib32", "every program, which loads these libraries", hurts},
    {"/lib64", "every program, which loads these libraries", hurts},
    {"/libx32", "every program, which loads these libraries", hurts},
    {"/opt", "root, who runs vendors' programs", hurts},
    {"/boot", "the boot loader: kernel and initramfs", hurts},
    {"/efi", "the firmware, which starts what lies there", hurts},
    {"/nix", "everybody, root too, who runs these programs", hurts},
    {"/snap", "snapd and root, who run what lies there", hurts},
    // Configuration, which includes sudoers, PAM, cron, units, ld.so.preload and profile.d.
    {"/etc", "sudo, PAM, cron, systemd, ld.so and nearly every daemon", hurts},
    {"/etc/cron.d", "cron, which runs it as root", hurts},
    {"/etc/cron.daily", "cron, which runs it as root", hurts},
    {"/etc/crontab", "cron, which runs it as root", hurts},
    {"/etc/ld.so.preload", "ld.so, which loads it into every program", hurts},
    {"/etc/ld.so.cache", "ld.so, which finds every library by it", hurts},
    {"/etc/ld.so.conf.d", "ldconfig, and by it every program", hurts},
    {"/etc/pam.d", "PAM, which decides by it who is let in", hurts},
    {"/etc/profile.d", "every login shell, root's too", hurts},
    {"/etc/sudoers", "sudo, which makes root of whom it names", hurts},
    {"/etc/sudoers.d", "sudo, which makes root of whom it names", hurts},
    {"/etc/systemd", "systemd, which runs these units as root", hurts},
    {"/etc/apt", "apt, which trusts these sources and keys", hurts},
    {"/etc/bulkhead", "this agent: its policy is here", hurts},
    // Files of accounts.
    {"/root", "root's shell and ssh", hurts},
    {"/home/*/.ssh", "sshd, which lets in whom it names", hurts},
    {"/home/*/.bashrc", "its owner's shell, and sudo behind it"},
    {"/home/*/.bash_profile", "its owner's shell, and sudo behind it"},
    {"/home/*/.profile", "its owner's shell, and sudo behind it"},
    {"/home/*/.config", "its owner's session, which starts what it names"},
    // Units and jobs that root's daemons start.
    {"/run/systemd", "systemd, which runs these units as root", hurts},
    {"/run/udev", "udev, which runs what its rules name", hurts},
    {"/var/spool/cron", "cron, which runs it as the user it is named after", hurts},
    {"/var/spool/at", "atd, which runs it as its owner", hurts},
    {"/var/spool/anacron", "anacron, which decides by it what root runs", hurts},
    // Files of package managers.
    {"/var/cache/apt", "apt, which installs packages from there"},
    {"/var/cache/dnf", "dnf, which installs packages from there"},
    {"/var/cache/libdnf5", "dnf, which installs packages from there"},
    {"/var/cache/yum", "yum, which installs packages from there"},
    {"/var/cache/zypp", "zypper, which installs packages from there"},
    {"/var/cache/pacman", "pacman, which installs packages from there"},
    {"/var/cache/apk", "apk, which installs packages from there"},
    {"/var/cache/PackageKit", "PackageKit, which installs packages from there"},
    {"/var/cache/snapd", "snapd, which installs packages from there"},
    {"/var/cache/debconf", "debconf, which runs packages' scripts from there"},
    {"/var/lib/apt", "apt, which trusts these lists"},
    {"/var/lib/dpkg", "dpkg, which runs these scripts as root", hurts},
    {"/var/lib/rpm", "rpm, whose database it is", hurts},
    {"/var/lib/dnf", "dnf, whose state it is"},
    {"/var/lib/pacman", "pacman, which runs these scripts as root", hurts},
    {"/var/lib/snapd", "snapd, which mounts and runs what lies there", hurts},
    {"/var/lib/flatpak", "flatpak, whose programs lie there", hurts},
    {"/var/lib/ucf", "ucf, which writes to /etc from there"},
    {"/var/lib/dkms", "dkms, which builds the kernel's modules from there", hurts},
    // Files of containers and virtual machines.
    {"/run/docker.sock", "docker: whoever writes to this socket is root"},
    {"/run/docker", "docker: whoever writes to its sockets is root"},
    {"/run/containerd", "containerd: whoever writes to its socket is root"},
    {"/run/podman", "podman: whoever writes to its socket is root"},
    {"/run/crio", "cri-o: whoever writes to its socket is root"},
    {"/run/libvirt", "libvirt: whoever writes to its sockets is root"},
    {"/run/dbus", "the system bus, which root's daemons answer"},
    {"/var/lib/docker", "docker, which runs these trees as root", hurts},
    {"/var/lib/containerd", "containerd, which runs these trees as root", hurts},
    {"/var/lib/containers", "podman, which runs these trees as root", hurts},
    {"/var/lib/kubelet", "kubelet, whose secrets and pods lie there", hurts},
    {"/var/lib/libvirt", "libvirt, which boots these images", hurts},
    {"/var/lib/lxc", "lxc, which starts these containers as root", hurts},
    {"/var/lib/machines", "systemd-nspawn, which boots these trees as root", hurts},
    {"/var/lib/portables", "systemd, which runs these trees' units", hurts},
    // Caches that root's programs map, and state that they trust.
    {"/var/cache/man", "man-db, whose daily service hands it to user man as root"},
    {"/var/cache/ldconfig", "ldconfig, and by it every program"},
    {"/var/cache/apparmor", "apparmor, which loads these profiles into the kernel", hurts},
    {"/var/cache/nscd", "every program, which maps nscd's answers"},
    {"/var/db/nscd", "every program, which maps nscd's answers"},
    {"/run/nscd", "every program, which maps nscd's answers"},
    {"/var/lib/polkit-1", "polkit, which decides by it who may act as root", hurts},
    {"/var/lib/sss", "sssd, which says by it who is who", hurts},
    {"/var/lib/sudo", "sudo, which asks no password of whom it names"},
    {"/run/sudo", "sudo, which asks no password of whom it names"},
    {"/var/lib/systemd", "systemd, whose state and timers' stamps it is"},
    {"/var/lib/bulkhead", "this agent: its ledger is here, and jobs would run twice", hurts},
    {"/var/log/bulkhead", "this agent: its audit log is here", hurts},
    {"/var/lib", "daemons, which keep there what they believe"},
    {"/var/log", "rsyslog and logrotate, which write there as root, through links too"},
    // Interfaces of the kernel.
    {"/dev", "the kernel: raw disks and memory", hurts},
    {"/proc", "the kernel: core_pattern and others name programs that it runs as root"},
    {"/sys", "the kernel: settings that root alone should change"},
    // Directories in which everybody may write, and in which root's programs keep files.
    {"/var/tmp/mkinitramfs_*", "mkinitramfs, which builds what the kernel boots from there", harmless, to_all},
    {"/var/tmp/dracut.*", "dracut, which builds what the kernel boots from there", harmless, to_all},
    {"/var/tmp", "root's programs, which keep files of theirs there", harmless, to_all},
    {"/tmp", "root's programs, which keep files of theirs there", harmless, to_all},
};
// Paths beneath /dev that are not trusted places, because a write to them changes nothing.
constexpr std::string_view kHarmless[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                                          "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm", "/dev/fd"};
// clang-format on

// True if `outer` is `inner` or one of its parent directories.
bool holds(std::string_view outer, std::string_view inner) {
    const auto above = split(outer, '/');
    const auto below = split(inner, '/');
    if (outer == "/") return true;
    if (above.size() > below.size()) return false;
    return std::ranges::equal(above.begin(), above.end(), below.begin(),
                              below.begin() + static_cast<std::ptrdiff_t>(above.size()),
                              [](auto a, auto b) { return matches(a, b) || matches(b, a); });
}

}  // namespace

std::vector<const TrustedPlace*> trusted_places(std::string_view path) {
    if (path.starts_with("/var/run/")) path.remove_prefix(4);  // /var/run is a symlink to /run
    std::vector<const TrustedPlace*> beneath;
    const TrustedPlace* innermost = nullptr;
    for (const auto harmless : kHarmless) {
        if (holds(harmless, path)) return {};
    }
    for (const auto& place : kPlaces) {
        if (holds(place.path, path)) {
            const bool deeper = innermost == nullptr || place.path.size() > innermost->path.size();
            if (deeper) innermost = &place;
        } else if (holds(path, place.path)) {
            beneath.push_back(&place);
        }
    }
    if (innermost != nullptr) beneath.insert(beneath.begin(), innermost);
    return beneath;
}

}  // namespace bulkhead::policy
