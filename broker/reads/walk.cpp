#include "broker/reads/walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/sys/walk.hpp"

namespace bulkhead::broker {

namespace {

std::unexpected<std::string_view> refuse(std::string_view reason) {
    return std::unexpected(reason);
}

}  // namespace

Opened walk(std::string_view path, std::string_view links_within) {
    auto found = sys::walk(path, links_within);
    if (found) return *std::move(found);
    switch (found.error().code) {
        case ENOENT:
        case ENOTDIR:
            return refuse("read-absent");
        case EPERM:
            return refuse("read-not-roots");
        case ELOOP:
            return refuse("read-link");
        default:
            return refuse("read-failed");
    }
}

Opened open_found(const sys::Fd& found, const Wanted& wanted) {
    struct stat info {};
    if (::fstat(found.get(), &info) != 0) return refuse("read-failed");
    // Opening a device or a FIFO has effects; set-user-ID programs (06000) are never handed out.
    if (!S_ISREG(info.st_mode) || (info.st_mode & 06000) != 0) return refuse("read-not-regular");
    if (wanted.everybodys && (info.st_mode & 004) == 0) return refuse("read-not-public");
    if (static_cast<std::uint64_t>(info.st_size) > wanted.max_bytes) {
        return refuse("read-too-large");
    }
    auto fd = sys::reopen(found, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return refuse("read-failed");
    return *std::move(fd);
}

}  // namespace bulkhead::broker
