// Finds a file or directory on a path that only root controls: from / down, every directory, every
// symlink followed and what is found belong to root and are writable by nobody else
// (is_roots_alone()). So no user can replace a part of the path, while it is walked or later.
#pragma once
#include <string>
#include <string_view>

#include "common/sys/dir.hpp"

namespace bulkhead::sys {

// Whether a directory of root's like /tmp, in which everybody may make files, may be on the way.
// Nobody can replace there what is root's already (inode(7), the sticky bit), but make it first.
enum class Sticky { refused, taken };

// Symlinks are followed where links of root's are, beneath `links_within`; "/" is everywhere, ""
// nowhere, and elsewhere than "/" they must be relative and stay beneath it. `path` is absolute.
// The descriptor is opened with O_PATH. Errors: code EPERM names what others could change, and the
// command that mends it, or to choose another place where that command would take a directory from
// those whose it is; ELOOP names a symlink that is not followed; else that of openat(2).
Result<Fd> walk(std::string_view path, std::string_view links_within,
                Sticky sticky = Sticky::refused);

enum class Links { refused, of_root };
// The same for a directory, with no symlinks in the way or root's everywhere.
Result<Dir> walk_to_dir(std::string_view path, Links links = Links::of_root);
// The directory in which `path` is the last name, which need not exist. What is opened or made
// there must not follow a symlink of that name.
struct Place {
    Dir dir;
    std::string name;
};
Result<Place> walk_to_place(std::string_view path, Sticky sticky = Sticky::refused);

// Opens what walk() found for `flags` of open(2), without a second lookup (/proc/self/fd, proc(5)).
Result<Fd> reopen(const Fd& found, int flags);

}  // namespace bulkhead::sys
