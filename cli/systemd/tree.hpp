// The files of a host beneath a root directory. A symlink in there leads to where it would lead if
// that directory were / (openat2(2), RESOLVE_IN_ROOT, Linux 5.6).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli::systemd {

class Tree {
  public:
    explicit Tree(std::string root) : root_(std::move(root)) {}

    const std::string& root() const { return root_; }
    // Whether it is the running host, so that what the kernel knows of it counts.
    bool is_here() const { return root_ == "/"; }

    // The content of a file, at most 256 KiB; nothing if there is none. /dev/null is empty.
    Result<std::optional<std::string>> read(const std::string& path) const;
    // The names in a directory, sorted; none if there is no such directory.
    Result<std::vector<std::string>> list(const std::string& path) const;
    Result<bool> exists(const std::string& path) const;
    // The target of a symlink as it stands there; nothing for another file.
    std::optional<std::string> link(const std::string& path) const;
    // The paths that a pattern of glob(7) matches, sorted as glob(3) does it in the locale C. The
    // path of a file that is there but that the pattern does not match, because of its special
    // characters, is not among them.
    Result<std::vector<std::string>> glob(const std::string& pattern) const;

  private:
    std::string root_;
};

// Without "." and "..", doubled slashes, and a slash at the end.
std::string clean_path(const std::string& path);

}  // namespace bulkhead::cli::systemd
