#include "broker/worker_view.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "broker/child.hpp"
#include "common/base/strong.hpp"
#include "common/host/file_systems.hpp"
#include "common/sandbox/privileges.hpp"

namespace bulkhead::broker {

namespace {

namespace fs = std::filesystem;

// Covered in the new namespace only, and only until it becomes its root.
constexpr const char* kBase = "/tmp";
constexpr std::uint64_t kBare = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// A piece of the host, or a symlink, on its way to the same place in the view.
struct Piece {
    fs::path place;
    sys::Fd tree;   // a mount that hangs nowhere yet
    fs::path link;  // instead
    bool directory = false;
};

Result<> bare(const sys::Fd& tree, std::uint64_t more) {
    mount_attr attributes{};
    attributes.attr_set = kBare | more;
    return sys::check(
        ::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
        "mount attributes");
}

Result<> pick(const fs::path& path, const policy::PathRule& row, const sys::Fd& proc,
              std::vector<Piece>& pieces) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT && row.if_present) return {};
        return sys::fail_errno(path.string());
    }
    Piece piece{.place = path};
    if (S_ISLNK(info.st_mode)) {
        // As a link, so that it leads on to whatever stands there later; and what it leads to.
        std::error_code failed;
        piece.link = fs::read_symlink(path, failed);
        const auto target = fs::canonical(path, failed);
        pieces.push_back(std::move(piece));
        if (failed || target.native().starts_with("/proc/")) return {};
        return pick(target, row, proc, pieces);
    }
    piece.directory = S_ISDIR(info.st_mode);
    constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    piece.tree = path == "/proc" ? TRY(proc.duplicate())
                                 : sys::Fd(::open_tree(AT_FDCWD, path.c_str(), kClone));
    if (!piece.tree) return sys::fail_errno(path.string());
    TRY(bare(piece.tree, row.access == policy::Access::write ? 0 : MOUNT_ATTR_RDONLY));
    pieces.push_back(std::move(piece));
    return {};
}

// With the view as the root directory, so that links which are in it lead nowhere else. What stands
// there already was shown by a piece before, which is read-only.
Result<> put(const Piece& piece) {
    const auto& place = piece.place;
    std::error_code failed;
    fs::create_directories(place.parent_path(), failed);
    const int made = !piece.link.empty() ? ::symlink(piece.link.c_str(), place.c_str())
                     : piece.directory   ? ::mkdir(place.c_str(), 0755)
                                         : ::mknod(place.c_str(), S_IFREG | 0644, 0);
    if (made != 0 && errno != EEXIST) return sys::fail_errno("make " + place.string());
    if (!piece.tree) return {};
    return sys::check(
        ::move_mount(piece.tree.get(), "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH),
        "mount " + place.string());
}

}  // namespace

// Each instance has its own hidepid since Linux 5.8, and takes this word for it since then only.
Result<sys::Fd> fresh_proc() {
    const sys::Fd context(::fsopen("proc", FSOPEN_CLOEXEC));
    if (!context) return sys::fail_errno("fsopen proc");
    TRY(sys::check(::fsconfig(context.get(), FSCONFIG_SET_STRING, "hidepid", "invisible", 0),
                   "hidepid"));
    TRY(sys::check(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0),
                   "make proc"));
    sys::Fd tree(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    if (!tree) return sys::fail_errno("fsmount proc");
    return tree;
}

Result<> narrow_view(std::span<const policy::PathRule> rows, const sys::Fd& proc) {
    TRY(sys::check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts"));
    std::vector<Piece> pieces;
    for (const auto& row : rows) TRY(pick(row.path, row, proc, pieces));
    ::umask(022);
    TRY(sys::check(::mount("tmpfs", kBase, "tmpfs", 0, "mode=0755,size=64k"), "tmpfs"));
    const sys::Fd host(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const sys::Fd view(::open(kBase, O_PATH | O_DIRECTORY | O_CLOEXEC));
    TRY(sys::check(::chroot(kBase), "chroot"));
    for (const auto& piece : pieces) TRY(put(piece));
    TRY(bare(view, MOUNT_ATTR_RDONLY));
    // pivot_root(2) wants its caller's root to be the one that goes.
    TRY(sys::check(::fchdir(host.get()), "chdir"));
    TRY(sys::check(::chroot("."), "chroot"));
    TRY(sys::check(::fchdir(view.get()), "chdir"));
    // The old root comes to lie on top of the new one, and goes; pivot_root(2) moves the root of
    // every process of this namespace along.
    TRY(sys::check(::syscall(SYS_pivot_root, ".", "."), "pivot_root"));
    return sys::check(::umount2(".", MNT_DETACH), "unmount the host");
}

Result<> try_view(std::span<const policy::PathRule> rows) {
    return in_child([&]() -> Result<> {
        TRY(sys::check(::unshare(CLONE_NEWNS), "unshare"));
        return narrow_view(rows, TRY(fresh_proc()));
    });
}

Result<sys::Dir> detached(const sys::Dir& dir) {
    const sys::Fd tree(
        ::open_tree(dir.fd(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
    if (!tree) return sys::fail_errno("open_tree");
    TRY(bare(tree, 0));
    // Which keeps the mount when `tree` is closed.
    sys::Fd top(::openat(tree.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top) return sys::fail_errno("open");
    return sys::Dir::from(std::move(top));
}

Result<> require_narrow(pid_t pid, std::span<const policy::PathRule> rows) {
    const auto proc = TRY(sys::Dir::open("/proc/" + std::to_string(pid)));
    const auto text = TRY(proc.read_file("mountinfo", 1_MiB));
    bool on_tmpfs = false;
    for (const auto& mount : host::parse_mounts(text)) {
        const auto writable = [&](const policy::PathRule& row) {
            return row.access == policy::Access::write && row.path == mount.place;
        };
        if (!mount.options.starts_with("ro,") && std::ranges::none_of(rows, writable)) {
            return sandbox::differs("view: " + std::string(mount.place) + " is writable");
        }
        on_tmpfs = on_tmpfs || (mount.place == "/" && mount.type == "tmpfs");
    }
    if (!on_tmpfs) return sandbox::differs("view: / is the host's");
    return {};
}

}  // namespace bulkhead::broker
