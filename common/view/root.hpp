// A root directory of one's own: pieces of the host put together where nothing else is, and entered
// for good. The worker's and every job's are built by this.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::view {

// Covered in the new mount namespace only, and only until there is another root.
inline constexpr const char* kBase = "/tmp";

// A piece of the host, or a symlink, on its way to the same place in the view.
struct Piece {
    std::filesystem::path place;
    sys::Fd tree;                // a mount that hangs nowhere yet
    std::filesystem::path link;  // instead
    bool directory = false;
    bool writable = false;
    bool device = false;    // may be one; everything else is on a mount without
    bool optional = false;  // where its place cannot be made it is left out
    bool covers = false;    // stands where there is something already, and makes no place
};
using Pieces = std::vector<Piece>;

// A clone of what is mounted at `path`, without what is mounted beneath: it hangs nowhere yet, and
// nothing comes into it later. Starts no automounter. Needs private mounts, see enter().
Result<sys::Fd> clone_of(const std::string& path);

// nosuid always, nodev and read-only as the piece says, and `more` (MOUNT_ATTR_...); with the user
// namespace `id_map`, if that is not -1, as the mount's map of ids: EINVAL where the file system
// knows no such mounts. Needs mount_setattr(2), Linux 5.12.
Result<> set_attributes(const Piece& piece, std::uint64_t more, int id_map = -1);

// The first step, in a mount namespace of the caller's own: what the host mounts later does not
// come in, nor does anything of ours get out.
Result<> make_private();

// As root: the root directory of everybody in this mount namespace becomes `root`, a mount that
// hangs nowhere, with the pieces in it; places are made where they are missing. The host's is gone.
// Read back from mountinfo: what is not to be written to, run set-user-id or used as a device.
Result<> enter(sys::Fd root, Pieces pieces);

// An empty tmpfs, to be such a root.
Result<sys::Fd> bare_root();

// Calls `add` with what is at `path`. A symlink there, or on the way, becomes a piece as itself, so
// that it leads on to whatever stands there later, and what it leads to is added. An absent path is
// no error if `if_present`.
Result<> pick(const std::filesystem::path& path, bool if_present, Pieces& pieces,
              const std::function<Result<>(const std::string& path, bool directory)>& add);

}  // namespace bulkhead::view
