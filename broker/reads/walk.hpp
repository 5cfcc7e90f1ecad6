// Finds a file on a path that only root controls: from / down, every directory, every symlink
// followed and the file itself belong to root and are writable by nobody else. So no user can
// replace a part of the path while it is walked.
#pragma once
#include <cstdint>
#include <expected>
#include <string_view>

#include "common/sys/fd.hpp"

namespace bulkhead::broker {

using Opened = std::expected<sys::Fd, std::string_view>;  // or the reason

// Judges what each step finds. O_PATH: nothing is opened yet. Symlinks are followed beneath
// `links_within`, and if that is empty nowhere.
Opened walk(std::string_view path, std::string_view links_within);

struct Wanted {
    std::uint64_t max_bytes = 0;
    bool everybodys = false;  // only what everybody may read
};
// The very file that walk() found, for reading: regular, and no program that changes users.
Opened open_found(const sys::Fd& found, const Wanted& wanted);

}  // namespace bulkhead::broker
