// sys::walk() with the reason codes of reads, and what may be opened at its end.
#pragma once
#include <cstdint>
#include <expected>
#include <string_view>

#include "common/sys/fd.hpp"

namespace bulkhead::broker {

using Opened = std::expected<sys::Fd, std::string_view>;  // or the reason

// An O_PATH descriptor: nothing is opened yet.
Opened walk(std::string_view path, std::string_view links_within);

struct Wanted {
    std::uint64_t max_bytes = 0;
    bool everybodys = false;  // only what everybody may read
};
// The very file that walk() found, for reading: regular, and no program that changes users.
Opened open_found(const sys::Fd& found, const Wanted& wanted);

}  // namespace bulkhead::broker
