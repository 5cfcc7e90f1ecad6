#include "common/sys/fd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bulkhead::sys {

namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
// MFD_NOEXEC_SEAL, Linux 6.3; Debian 12's headers lack it. An interpreter reads a script through
// /proc/self/fd, and no one executes the memfd itself, so it needs no execute permission. With the
// flag memfd_create(2) succeeds at each value of the sysctl vm.memfd_noexec.
constexpr unsigned kMfdNoexecSeal = 0x0008U;

template <class Read>
Result<std::string> read_bounded(std::uint64_t max, Read read_at) {
    std::string out;
    std::array<char, 16384> chunk;
    for (;;) {
        const ssize_t got = read_at(chunk.data(), chunk.size(), out.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read");
        if (got == 0) return out;
        out.append(chunk.data(), static_cast<std::size_t>(got));
        if (out.size() > max) {
            return fail("larger than " + std::to_string(max) + " bytes", Error::Kind::too_large);
        }
    }
}

}  // namespace

std::unexpected<Error> fail_errno(std::string_view what, int code) {
    return fail(std::string(what) + ": " + std::strerror(code), code);
}

std::unexpected<Error> fail_errno(std::string_view what) { return fail_errno(what, errno); }

void Fd::reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Fd> Fd::duplicate() const {
    Fd copy(::fcntl(fd_, F_DUPFD_CLOEXEC, 3));
    if (!copy) return fail_errno("duplicate descriptor");
    return copy;
}

Result<Pipe> make_pipe(int capacity) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
    Pipe pipe{Fd(ends[0]), Fd(ends[1])};
    if (capacity > 0) ::fcntl(pipe.write.get(), F_SETPIPE_SZ, capacity);
    return pipe;
}

Result<Fd> sealed_memfd(std::string_view name, ByteView content) {
    const std::string label(name);
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    Fd fd(::memfd_create(label.c_str(), flags | kMfdNoexecSeal));
    if (!fd && errno == EINVAL) fd = Fd(::memfd_create(label.c_str(), flags));  // before Linux 6.3
    if (!fd) return fail_errno("memfd_create");
    TRY(write_all(fd, content));
    if (::lseek(fd.get(), 0, SEEK_SET) != 0) return fail_errno("rewind memfd");
    if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return fail_errno("seal memfd");
    return fd;
}

bool is_sealed(const Fd& fd) {
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    return seals >= 0 && (seals & kSeals) == kSeals;
}

Result<std::uint64_t> require_sealed(const Fd& fd, std::uint64_t max_size) {
    if (!is_sealed(fd)) return fail("descriptor is not a sealed memfd");
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("fstat");
    if (!S_ISREG(info.st_mode)) return fail("descriptor is not a regular file");
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size > max_size) {
        return fail(std::to_string(size) + " bytes, limit " + std::to_string(max_size),
                    Error::Kind::too_large);
    }
    return size;
}

bool is_roots_alone(const struct stat& info) {
    return info.st_uid == 0 && (S_ISLNK(info.st_mode) || (info.st_mode & 022) == 0);
}

Result<> require_roots_file(const Fd& fd, const std::string& path) {
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno(path);
    if (!S_ISREG(info.st_mode)) {
        const auto* what = S_ISDIR(info.st_mode)    ? "a directory"
                           : S_ISFIFO(info.st_mode) ? "a FIFO"
                           : S_ISSOCK(info.st_mode) ? "a socket"
                                                    : "a device";
        return fail(path + ": is " + what + ", and a regular file belongs there");
    }
    if (is_roots_alone(info)) return {};
    if (info.st_uid == 0) return fail(path + ": others may write to it; run: chmod go-w " + path);
    return fail(path + ": belongs to user " + std::to_string(info.st_uid) + "; run: chown root " +
                path);
}

Result<> write_all(const Fd& fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno("write");
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Result<std::string> read_to_end(const Fd& fd, std::uint64_t max) {
    return read_bounded(
        max, [&](char* at, std::size_t room, std::size_t) { return ::read(fd.get(), at, room); });
}

Result<std::string> read_from_start(const Fd& fd, std::uint64_t max) {
    return read_bounded(max, [&](char* at, std::size_t room, std::size_t done) {
        return ::pread(fd.get(), at, room, static_cast<off_t>(done));
    });
}

Result<> set_nonblocking(const Fd& fd, bool on) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0) return fail_errno("F_GETFL");
    const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && ::fcntl(fd.get(), F_SETFL, wanted) != 0) return fail_errno("F_SETFL");
    return {};
}

}  // namespace bulkhead::sys
