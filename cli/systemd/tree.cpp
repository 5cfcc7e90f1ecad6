#include "cli/systemd/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "common/base/parse.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli::systemd {

namespace {

Result<sys::Fd> open_below(const std::string& root, const std::string& path, int flags) {
    // openat2(2) refuses O_PATH with flags that would say how to open.
    flags |= O_CLOEXEC | ((flags & O_PATH) == 0 ? O_NOCTTY | O_NONBLOCK : 0);
    // A path such as /dev/fd/63 leads through links that RESOLVE_IN_ROOT does not follow.
    if (root == "/") {
        sys::Fd file(::open(path.c_str(), flags));
        if (!file) return sys::fail_errno(path);
        return file;
    }
    const sys::Fd top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!top) return sys::fail_errno(root);
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.resolve = RESOLVE_IN_ROOT;
    sys::Fd file(
        static_cast<int>(::syscall(SYS_openat2, top.get(), path.c_str(), &how, sizeof how)));
    if (!file) return sys::fail_errno(path);
    return file;
}

bool is_absent(const Error& error) { return error.code == ENOENT || error.code == ENOTDIR; }

Error in_words(Error error) {
    if (error.code == EACCES) error.what += "; run this as root";
    return error;
}

bool is_pattern(std::string_view part) { return part.find_first_of("*?[\\") != part.npos; }

}  // namespace

Result<std::optional<std::string>> Tree::read(const std::string& path) const {
    if (path == "/dev/null" || link(path) == "/dev/null") return "";
    const auto file = open_below(root_, path, O_RDONLY);
    if (!file && is_absent(file.error())) return std::nullopt;
    if (!file) return std::unexpected(in_words(file.error()));
    struct stat info {};
    if (::fstat(file->get(), &info) != 0) return sys::fail_errno(path);
    if (S_ISDIR(info.st_mode)) return fail(path + ": is a directory");
    // Whoever made a FIFO could let its reader wait for ever; /dev/stdin may well be one.
    if (S_ISFIFO(info.st_mode) && !path.starts_with("/dev/")) return fail(path + ": is a FIFO");
    return TRY(within(path, sys::read_to_end(*file, std::uint64_t{256} * 1024)));
}

Result<std::vector<std::string>> Tree::list(const std::string& path) const {
    auto file = open_below(root_, path, O_RDONLY | O_DIRECTORY);
    if (!file && is_absent(file.error())) return std::vector<std::string>{};
    if (!file) return std::unexpected(in_words(file.error()));
    const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(file->release()), &::closedir);
    if (!dir) return sys::fail_errno(path);
    std::vector<std::string> names;
    errno = 0;
    while (const auto* const entry = ::readdir(dir.get())) {
        const std::string name(static_cast<const char*>(entry->d_name));
        if (name != "." && name != "..") names.push_back(name);
    }
    if (errno != 0) return sys::fail_errno(path);
    std::ranges::sort(names);
    return names;
}

Result<bool> Tree::exists(const std::string& path) const {
    if (path == "/dev/null") return true;
    const auto file = open_below(root_, path, O_PATH);
    if (file) return true;
    if (is_absent(file.error())) return false;
    return std::unexpected(in_words(file.error()));
}

std::optional<std::string> Tree::link(const std::string& path) const {
    const auto file = open_below(root_, path, O_PATH | O_NOFOLLOW);
    if (!file) return std::nullopt;
    std::array<char, 4097> target{};
    const auto size = ::readlinkat(file->get(), "", target.data(), target.size());
    if (size < 0 || static_cast<std::size_t>(size) == target.size()) return std::nullopt;
    return std::string(target.data(), static_cast<std::size_t>(size));
}

Result<std::vector<std::string>> Tree::glob(const std::string& pattern) const {
    std::vector<std::string> found{""};
    const auto parts = split(pattern, '/');
    for (const auto part : parts) {
        if (part.empty()) continue;
        std::vector<std::string> next;
        for (const auto& path : found) {
            if (!is_pattern(part)) {
                next.push_back(path + "/" + std::string(part));
                continue;
            }
            for (const auto& name : TRY(list(path.empty() ? "/" : path))) {
                if (::fnmatch(std::string(part).c_str(), name.c_str(), FNM_PERIOD) == 0) {
                    next.push_back(path + "/" + name);
                }
            }
        }
        found = std::move(next);
    }
    std::vector<std::string> there;
    for (const auto& path : found) {
        if (TRY(exists(path))) there.push_back(path);
    }
    // Of whole paths: "a-b/x" comes before "a/x", although "a" comes before "a-b".
    std::ranges::sort(there);
    return there;
}

std::string clean_path(const std::string& path) {
    auto clean = std::filesystem::path(path).lexically_normal().string();
    while (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
    return clean;
}

}  // namespace bulkhead::cli::systemd
