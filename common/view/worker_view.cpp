#include "common/view/worker_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/strong.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/mounts.hpp"
#include "common/view/root.hpp"

namespace bulkhead::view {

namespace {

Result<> pick_row(const policy::PathRule& row, const sys::Fd& proc, Pieces& pieces) {
    return pick(row.path, row.if_present, pieces,
                [&](const std::string& path, bool directory) -> Result<> {
                    Piece piece{.place = path,
                                .tree = {},
                                .link = {},
                                .directory = directory,
                                .writable = row.access == policy::Access::write};
                    piece.tree = path == "/proc" ? TRY(proc.duplicate()) : TRY(clone_of(path));
                    TRY(set_attributes(piece, MOUNT_ATTR_NOEXEC));
                    pieces.push_back(std::move(piece));
                    return {};
                });
}

}  // namespace

// Since Linux 5.8 each procfs instance has a hidepid of its own, and the option takes the word
// "invisible".
Result<sys::Fd> fresh_proc(bool hide_others) {
    const sys::Fd context(::fsopen("proc", FSOPEN_CLOEXEC));
    if (!context) return sys::fail_errno("fsopen proc");
    if (hide_others) {
        TRY(sys::check(::fsconfig(context.get(), FSCONFIG_SET_STRING, "hidepid", "invisible", 0),
                       "hidepid"));
    }
    TRY(sys::check(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0),
                   "make proc"));
    sys::Fd tree(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    if (!tree) return sys::fail_errno("fsmount proc");
    return tree;
}

Result<> narrow_view(std::span<const policy::PathRule> rows, const sys::Fd& proc) {
    TRY(make_private());
    Pieces pieces;
    for (const auto& row : rows) TRY(pick_row(row, proc, pieces));
    return within("view", enter(TRY(bare_root()), std::move(pieces)));
}

Result<> try_view(std::span<const policy::PathRule> rows) {
    return sandbox::in_child([&]() -> Result<> {
        TRY(sys::check(::unshare(CLONE_NEWNS), "unshare"));
        return narrow_view(rows, TRY(fresh_proc()));
    });
}

Result<sys::Dir> detached(const sys::Dir& dir) {
    Piece piece{.place = {}, .tree = {}, .link = {}, .directory = true, .writable = true};
    piece.tree =
        sys::Fd(::open_tree(dir.fd(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
    if (!piece.tree) return sys::fail_errno("open_tree");
    TRY(set_attributes(piece, MOUNT_ATTR_NOEXEC));
    // This descriptor keeps the mount when `tree` is closed.
    sys::Fd top(::openat(piece.tree.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top) return sys::fail_errno("open");
    return sys::Dir::from(std::move(top));
}

Result<> require_narrow(pid_t pid, std::span<const policy::PathRule> rows) {
    const auto proc = TRY(sys::Dir::open("/proc/" + std::to_string(pid)));
    const auto text = TRY(proc.read_file("mountinfo", 1_MiB));
    bool on_tmpfs = false;
    for (const auto& mount : sys::parse_mounts(text)) {
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

}  // namespace bulkhead::view
