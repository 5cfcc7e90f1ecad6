// Dir: a directory descriptor. The kernel resolves each path beneath it and through no symlink.
// Errors carry errno in `code`.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sys {

class Dir {
  public:
    // `path` may lead through symlinks, so it must come from the operator and not from a peer.
    static Result<Dir> open(const std::string& path);
    static Dir from(Fd fd) { return Dir(std::move(fd)); }

    // openat2(2) with O_CLOEXEC, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS (Linux
    // 5.6) and the flags in `resolve`. A symlink in the path is code ELOOP.
    Result<Fd> open_at(std::string_view path, int flags, mode_t mode = 0,
                       std::uint64_t resolve = 0) const;
    // As open_at(), with O_NONBLOCK so that a FIFO does not block. An error if it is no regular
    // file.
    Result<Fd> open_regular(std::string_view path, int flags, mode_t mode = 0) const;
    Result<Dir> open_dir(std::string_view path) const;
    // Creates the directory with `mode`, less the umask, if it is absent, and opens it.
    Result<Dir> make_dir(std::string_view name, mode_t mode) const;

    // Reads a regular file. More than `max` bytes are Kind::too_large.
    Result<std::string> read_file(std::string_view path, std::uint64_t max) const;
    // Writes `name`.new, calls fsync(2), renames it to `name` and calls fsync(2) on the directory.
    // A crash leaves the old content or the new one. `mode` is set with fchmod(2), so no umask
    // applies.
    Result<> write_atomic(std::string_view name, std::string_view content, mode_t mode) const;
    // Succeeds if there is no such file.
    Result<> remove_file(std::string_view name) const;
    // Removes the directory `name` and all files in it. Succeeds if there is no such directory.
    Result<> remove_tree(std::string_view name) const;
    // Sorted names without "." and "..".
    Result<std::vector<std::string>> list() const;
    // fsync(2) of the directory itself, for its names.
    Result<> sync() const;

    int fd() const { return fd_.get(); }
    Result<Fd> duplicate() const { return fd_.duplicate(); }

  private:
    explicit Dir(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace bulkhead::sys
