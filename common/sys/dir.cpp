#include "common/sys/dir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace bulkhead::sys {

Result<Dir> Dir::open(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_errno("open directory " + path);
    return Dir(std::move(fd));
}

Result<Fd> Dir::open_at(std::string_view path, int flags, mode_t mode,
                        std::uint64_t resolve) const {
    const std::string name(path);
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    Fd fd(static_cast<int>(::syscall(SYS_openat2, fd_.get(), name.c_str(), &how, sizeof how)));
    if (!fd && errno == ELOOP) return fail("open " + name + ": a symlink is in the path", ELOOP);
    if (!fd) return fail_errno("open " + name);
    return fd;
}

Result<Fd> Dir::open_regular(std::string_view path, int flags, mode_t mode) const {
    auto fd = TRY(open_at(path, flags | O_NONBLOCK | O_NOCTTY, mode));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("fstat");
    if (!S_ISREG(info.st_mode)) return fail(std::string(path) + ": not a regular file");
    return fd;
}

Result<Dir> Dir::open_dir(std::string_view path) const {
    return Dir(TRY(open_at(path, O_RDONLY | O_DIRECTORY)));
}

Result<Dir> Dir::make_dir(std::string_view name, mode_t mode) const {
    const std::string path(name);
    if (::mkdirat(fd_.get(), path.c_str(), mode) != 0 && errno != EEXIST) {
        return fail_errno("create directory " + path);
    }
    return open_dir(name);
}

Result<std::string> Dir::read_file(std::string_view path, std::uint64_t max) const {
    const auto fd = TRY(open_regular(path, O_RDONLY));
    return within(path, read_to_end(fd, max));
}

Result<> Dir::write_atomic(std::string_view name, std::string_view content, mode_t mode) const {
    const std::string target(name);
    const std::string temporary = target + ".new";
    auto written = [&]() -> Result<> {
        const auto fd = TRY(open_regular(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
        // open(2) with O_CREAT ignores the mode if the file is there, left by an interrupted call.
        if (::fchmod(fd.get(), mode) != 0) return fail_errno("chmod " + temporary);
        TRY(write_all(fd, as_bytes(content)));
        if (::fsync(fd.get()) != 0) return fail_errno("fsync " + temporary);
        if (::renameat(fd_.get(), temporary.c_str(), fd_.get(), target.c_str()) != 0) {
            return fail_errno("rename " + temporary);
        }
        return sync();
    }();
    if (!written) ::unlinkat(fd_.get(), temporary.c_str(), 0);
    return written;
}

Result<> Dir::remove_file(std::string_view name) const {
    const std::string path(name);
    if (::unlinkat(fd_.get(), path.c_str(), 0) != 0 && errno != ENOENT) {
        return fail_errno("remove " + path);
    }
    return {};
}

Result<> Dir::remove_tree(std::string_view name) const {
    const std::string path(name);
    auto inner = open_dir(name);
    if (!inner) return inner.error().code == ENOENT ? Result<>{} : within(name, inner.error());
    for (const auto& entry : TRY(inner->list())) {
        if (::unlinkat(inner->fd(), entry.c_str(), 0) == 0) continue;
        if (errno != EISDIR) return fail_errno("remove " + path + "/" + entry);
        TRY(inner->remove_tree(entry));
    }
    if (::unlinkat(fd_.get(), path.c_str(), AT_REMOVEDIR) != 0) return fail_errno("remove " + path);
    return {};
}

Result<std::vector<std::string>> Dir::list() const {
    // The directory is opened again, because readdir(3) moves the offset, which a duplicate of the
    // descriptor would share.
    auto own = TRY(open_at(".", O_RDONLY | O_DIRECTORY));
    DIR* stream = ::fdopendir(own.get());
    if (stream == nullptr) return fail_errno("list directory");
    static_cast<void>(own.release());
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(stream);
    if (error != 0) return fail_errno("list directory", error);
    std::sort(names.begin(), names.end());
    return names;
}

Result<> Dir::sync() const {
    if (::fsync(fd_.get()) != 0) return fail_errno("fsync directory");
    return {};
}

}  // namespace bulkhead::sys
