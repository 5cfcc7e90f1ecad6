// Builds a root directory for a process from clones of the host's trees, and makes it the root
// directory of a mount namespace (pivot_root(2)). Workers and jobs get their view of the host this
// way. Errors carry errno in `code`.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"
#include "common/view/looked.hpp"

namespace bulkhead::view {

// The new root is first mounted here, in the new mount namespace, until it replaces the old root.
inline constexpr const char* kBase = "/tmp";

// An entry of the new root: a tree of the host, or a symlink.
struct Piece {
    std::filesystem::path place;  // absolute path in the new root
    sys::Fd tree;                 // a detached mount (open_tree(2), fsmount(2))
    std::filesystem::path link;   // target of a symlink; then `tree` is empty
    bool directory = false;       // kind of the mount point to make
    bool writable = false;        // false: the mount is read-only
    bool device = false;          // false: the mount is nodev
    bool optional = false;        // true: left out if its mount point cannot be made
    bool covers = false;          // true: mounted over what an earlier piece shows at `place`

    // A tree to look at, and no loss if it cannot be mounted.
    bool is_for_reading() const { return tree && !writable && !device && !covers && optional; }
};
using Pieces = std::vector<Piece>;

// A detached clone of the tree at `path` without the mounts beneath it (OPEN_TREE_CLONE,
// Linux 5.2). It triggers no automount. Call make_private() before, so that later mounts do not
// propagate into the clone.
Result<sys::Fd> clone_of(const std::string& path);

// Sets attributes of the piece's mount: nosuid, nodev unless it is a device, read-only unless it is
// writable, and `more` (MOUNT_ATTR_...). If `id_map` is not -1, it is a user namespace whose map of
// ids the mount gets; code EINVAL if the file system does not support that. mount_setattr(2), Linux
// 5.12.
Result<> set_attributes(const Piece& piece, std::uint64_t more, int id_map = -1);

// Makes all mounts of the caller's mount namespace private (mount_namespaces(7)), so that no mount
// propagates between it and the host. The first step in a new namespace.
Result<> make_private();

// Makes `root`, a detached mount, the root directory of all processes in this mount namespace, with
// the pieces mounted in it, and unmounts the old root. Missing mount points are made. Then it reads
// /proc/thread-self/mountinfo: Kind::differs if a mount is there that is no piece, or one is
// writable, may run set-user-id programs or may hold devices against its piece. Needs root.
Result<> enter(sys::Fd root, Pieces pieces);

// A detached, empty tmpfs of 64 KiB, to be the `root` of enter().
Result<sys::Fd> bare_root();

// Calls `add` with the real path of `path`. Each symlink at or above it becomes a piece of its own,
// so that it works in the new root too and follows later changes of what it names. A missing path
// is no error if `if_present`, and neither is a symlink without a target. `looked` gets what stood
// at each path on the way.
Result<> pick(const std::filesystem::path& path, bool if_present, Pieces& pieces,
              const std::function<Result<>(const std::string& path, bool directory)>& add,
              std::vector<Looked>* looked = nullptr);

// Mounts the piece in the caller's root directory, and reads its attributes back: Kind::differs.
Result<> add_late(const Piece& piece);

}  // namespace bulkhead::view
