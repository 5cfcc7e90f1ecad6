#include "broker/reads/host_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <expected>
#include <map>

#include "common/base/parse.hpp"
#include "common/policy/pattern.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using policy::ReadRow;
using Opened = std::expected<sys::Fd, std::string_view>;  // or the reason

constexpr std::size_t kMostFiles = 1'000;  // of one pattern
constexpr int kMostLinks = 8;              // in one path

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

// Walks from / to `path`, a step at a time, judging what each step finds. O_PATH: finds, and opens
// nothing yet.
Opened walk(std::string_view path, const ReadRow& row) {
    std::vector<std::string> steps;
    push_steps(steps, path);
    std::vector<sys::Fd> below;
    below.emplace_back(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    // Symlinks count, and lead up again, only from this depth on.
    const auto parts = split(row.links_within, '/');
    const auto floor = row.links_within.empty() ? SIZE_MAX : parts.size();
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

Opened open_file(const std::string& path, const ReadRow& row) {
    const auto found = walk(path, row);
    if (!found) return refuse(found.error());
    struct stat info {};
    if (::fstat(found->get(), &info) != 0) return refuse_errno();
    // A device or a FIFO is not even opened, and nobody is handed a program that changes users.
    if (!S_ISREG(info.st_mode) || (info.st_mode & 06000) != 0) return refuse("read-not-regular");
    if (row.is_pattern && !row.private_too && (info.st_mode & 004) == 0) {
        return refuse("read-not-public");
    }
    if (static_cast<std::uint64_t>(info.st_size) > row.max_bytes) return refuse("read-too-large");
    // The very file that was judged, not its name once more.
    const auto itself = "/proc/self/fd/" + std::to_string(found->get());
    sys::Fd fd(::open(itself.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) return refuse("read-failed");
    return fd;
}

// The paths that a row means; of a pattern those that exist down to its last wildcard, and itself
// when there are too many of them.
std::vector<std::string> expand(const ReadRow& row) {
    std::vector<std::string> paths{""};
    bool cut = false;
    for (const auto part : split(row.target, '/')) {
        if (part.empty()) continue;
        std::vector<std::string> longer;
        for (const auto& path : paths) {
            std::vector<std::string> names{std::string(part)};
            if (policy::has_wildcard(part)) {
                auto folder = walk(path, row);
                names.clear();
                if (folder) names = sys::Dir::from(*std::move(folder)).list().value_or(names);
                std::erase_if(names, [&](auto& name) { return !policy::matches(part, name); });
            }
            for (const auto& name : names) {
                cut = cut || longer.size() == kMostFiles;
                if (longer.size() < kMostFiles) longer.push_back(path + "/" + name);
            }
        }
        paths = std::move(longer);
    }
    if (cut) paths.push_back(row.target);
    return paths;
}

}  // namespace

bool are_listed(std::span<const ReadRow> rows, std::string_view only) {
    return only.empty() || std::ranges::any_of(rows, [&](const ReadRow& row) {
               return policy::matches(row.target, only);
           });
}

void open_host_files(std::span<const ReadRow> rows, const protocol::OpenHostFile& request,
                     protocol::HostFilesReply& reply) {
    const auto& only = request.only.str();
    std::map<std::string, const ReadRow*> wanted;  // nothing: a pattern, in place of what is cut
    for (const auto& row : rows) {
        for (auto& path : expand(row)) {
            if (path <= request.after.str() || path.size() > protocol::HostPath::kMax) continue;
            const bool cut = row.is_pattern && path == row.target;
            if (!cut && !only.empty() && !policy::matches(only, path)) continue;
            wanted.emplace(std::move(path), cut ? nullptr : &row);
        }
    }
    for (const auto& [path, row] : wanted) {
        auto fd = row != nullptr ? open_file(path, *row) : refuse("read-too-many");
        // That a pattern's last parts are missing somewhere is what patterns are for.
        if (!fd && fd.error() == "read-absent" && row->is_pattern) continue;
        reply.more = reply.files.items.size() == reply.files.kMax;
        if (reply.more) return;
        auto& file = reply.files.items.emplace_back();
        file.path = protocol::HostPath::clipped(path);
        file.reason = protocol::Code::clipped(fd ? "ok" : fd.error());
        if (fd) file.file = protocol::Handle{*std::move(fd)};
    }
}

}  // namespace bulkhead::broker
