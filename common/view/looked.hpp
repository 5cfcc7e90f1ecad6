// Looked: what stood at a path when a view was made, to tell whether it does still.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::view {

// The host's root directory, looked at for its entries.
inline constexpr const char* kListing = "/.";

struct Looked {
    std::string path;
    bool present = false;  // false also for what cannot be looked at
    dev_t device = 0;
    ino_t inode = 0;
    // The change time of a symlink and of kListing. No mount holds a symlink, so its inode may be
    // used again.
    std::int64_t changed_ns = 0;

    // Looks there now. Symlinks on the way are not followed: who can make one cannot lead this
    // process to a file system that does not answer (RESOLVE_NO_SYMLINKS, openat2(2), Linux 5.6).
    static Looked at(const std::string& path);
    bool still_there() const { return at(path) == *this; }
    bool operator==(const Looked&) const = default;

    // Without a newline, if the path has none.
    std::string to_line() const;
    static Result<Looked> from_line(std::string_view line);
};

}  // namespace bulkhead::view
