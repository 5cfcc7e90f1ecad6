// Dir: a directory handle; everything is opened beneath it, never outside, never through a symlink.
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
    // `path` itself may hold symlinks: it is the operator's word, not a peer's.
    static Result<Dir> open(const std::string& path);
    static Dir from(Fd fd) { return Dir(std::move(fd)); }

    // openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS (Linux 5.6),
    // and `resolve`.
    Result<Fd> open_at(std::string_view path, int flags, mode_t mode = 0,
                       std::uint64_t resolve = 0) const;
    // As above, and it must be a regular file: a FIFO or a device is refused without blocking.
    Result<Fd> open_regular(std::string_view path, int flags, mode_t mode = 0) const;
    Result<Dir> open_dir(std::string_view path) const;
    // Creates it with `mode` (umask applies) if it is absent.
    Result<Dir> make_dir(std::string_view name, mode_t mode) const;

    Result<std::string> read_file(std::string_view path, std::uint64_t max) const;
    // Temporary file, fsync, rename, fsync of the directory: after it returns the file is old or
    // new, never half.
    Result<> write_atomic(std::string_view name, std::string_view content, mode_t mode) const;
    Result<> remove_file(std::string_view name) const;
    // The directory `name` with all it holds; absent is no error.
    Result<> remove_tree(std::string_view name) const;
    // Sorted names without "." and "..".
    Result<std::vector<std::string>> list() const;
    Result<> sync() const;

    int fd() const { return fd_.get(); }
    Result<Fd> duplicate() const { return fd_.duplicate(); }

  private:
    explicit Dir(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace bulkhead::sys
