#include "broker/reads/walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::broker {

namespace {

constexpr int kMostLinks = 8;  // in one path

std::unexpected<std::string_view> refuse(std::string_view reason) {
    return std::unexpected(reason);
}

std::unexpected<std::string_view> refuse_errno() {
    return refuse(errno == ENOENT || errno == ENOTDIR ? "read-absent" : "read-failed");
}

// The steps of a path, the next one last.
void push_steps(std::vector<std::string>& steps, std::string_view path) {
    const auto parts = split(path, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!part->empty() && *part != ".") steps.emplace_back(*part);
    }
}

}  // namespace

Opened walk(std::string_view path, std::string_view links_within) {
    std::vector<std::string> steps;
    push_steps(steps, path);
    std::vector<sys::Fd> below;
    below.emplace_back(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    // Symlinks count, and lead up again, only from this depth on.
    const auto parts = split(links_within, '/');
    const auto floor = links_within.empty() ? SIZE_MAX : parts.size();
    int links = 0;
    for (;;) {
        struct stat info {};
        if (::fstat(below.back().get(), &info) != 0) return refuse_errno();
        if (!sys::is_roots_alone(info)) return refuse("read-not-roots");
        if (S_ISLNK(info.st_mode)) {
            std::array<char, 512> text{};
            const auto size = ::readlinkat(below.back().get(), "", text.data(), text.size());
            below.pop_back();
            if (size <= 0 || size == std::ssize(text) || text[0] == '/' || below.size() < floor ||
                ++links > kMostLinks) {
                return refuse("read-link");
            }
            push_steps(steps, {text.data(), static_cast<std::size_t>(size)});
        }
        if (steps.empty()) return std::move(below.back());
        const auto step = std::move(steps.back());
        steps.pop_back();
        if (step == "..") {
            if (below.size() <= floor) return refuse("read-link");
            below.pop_back();
            continue;
        }
        below.emplace_back(
            ::openat(below.back().get(), step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!below.back()) return refuse_errno();
    }
}

Opened open_found(const sys::Fd& found, const Wanted& wanted) {
    struct stat info {};
    if (::fstat(found.get(), &info) != 0) return refuse_errno();
    // Opening a device or a FIFO has effects; set-user-ID programs (06000) are never handed out.
    if (!S_ISREG(info.st_mode) || (info.st_mode & 06000) != 0) return refuse("read-not-regular");
    if (wanted.everybodys && (info.st_mode & 004) == 0) return refuse("read-not-public");
    if (static_cast<std::uint64_t>(info.st_size) > wanted.max_bytes) {
        return refuse("read-too-large");
    }
    // Opens the file of the O_PATH descriptor again (proc(5)), so that no second lookup is made.
    const auto itself = "/proc/self/fd/" + std::to_string(found.get());
    sys::Fd fd(::open(itself.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) return refuse("read-failed");
    return fd;
}

}  // namespace bulkhead::broker
