// Fd: an owned file descriptor. Pipes, sealed memfds, and reading and writing with a bound. Errors
// of system calls carry errno in `code`.
#pragma once
#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::sys {

// An error of `what` and errno's text: "open agent.yaml: Permission denied". The second form takes
// the errno as `code`.
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view what);
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view what, int code);
// For a system call that returns 0 on success: fail_errno(what) if `code` is not 0.
inline Result<> check(long code, std::string_view what) {
    if (code == 0) return {};
    return fail_errno(what);
}

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset();
    // A close-on-exec duplicate with a number of at least 3.
    Result<Fd> duplicate() const;

  private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};
// Both ends are close-on-exec. `capacity` is in bytes, 0 for the kernel's default. That it is not
// granted is no error (F_SETPIPE_SZ needs CAP_SYS_RESOURCE above /proc/sys/fs/pipe-max-size,
// pipe(7)).
Result<Pipe> make_pipe(int capacity = 0);

// A memfd that holds `content` and is sealed against write, grow, shrink and further seals
// (memfd_create(2)). Its offset is 0. `name` shows up in /proc/PID/fd.
Result<Fd> sealed_memfd(std::string_view name, ByteView content);
// True if `fd` has at least those four seals, as only a memfd can (F_GET_SEALS, fcntl(2)).
bool is_sealed(const Fd& fd);
// Checks that `fd` is a regular file with at least those four seals, and returns its size in bytes.
// More than `max_size` bytes are Kind::too_large.
Result<std::uint64_t> require_sealed(const Fd& fd, std::uint64_t max_size);

// True if `info` is of a file that root owns and whose mode lets neither group nor others write.
// The mode of a symlink is ignored, for the kernel ignores it (symlink(7)).
bool is_roots_alone(const struct stat& info);
// Checks that `fd` is a regular file for which is_roots_alone() is true. The error names `path` and
// the commands that mend it.
Result<> require_roots_file(const Fd& fd, const std::string& path);

// Writes all bytes and continues after short writes and EINTR. A full non-blocking descriptor is an
// error with code EAGAIN.
Result<> write_all(const Fd& fd, ByteView bytes);
// Reads from the current offset to the end of file. More than `max` bytes are Kind::too_large.
Result<std::string> read_to_end(const Fd& fd, std::uint64_t max);
// As read_to_end(), but with pread(2) from offset 0, which does not move the file's offset.
Result<std::string> read_from_start(const Fd& fd, std::uint64_t max);

Result<> set_nonblocking(const Fd& fd, bool on);

}  // namespace bulkhead::sys
