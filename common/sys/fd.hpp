// Fd: an owned descriptor; pipes, sealed memfds, and bounded reading and writing.
#pragma once
#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::sys {

// errno in words, after what was tried: "open agent.yaml: Permission denied".
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view what);
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view what, int code);
// Of a call that returned `code` and says 0 when it did what was asked.
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
    Result<Fd> duplicate() const;  // close-on-exec

  private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};
// Both ends close-on-exec; `capacity` in bytes is asked for and may be refused silently
// (F_SETPIPE_SZ needs CAP_SYS_RESOURCE above /proc/sys/fs/pipe-max-size, pipe(7)).
Result<Pipe> make_pipe(int capacity = 0);

// A memfd holding `content`, sealed against write, grow, shrink and further seals
// (memfd_create(2)).
Result<Fd> sealed_memfd(std::string_view name, ByteView content);
// A regular-file descriptor with exactly those four seals set; anything else is an error.
// Returns its size in bytes.
Result<std::uint64_t> require_sealed(const Fd& fd, std::uint64_t max_size);

// True when nobody but root can change what `info` is of (a symlink has no mode of its own).
bool is_roots_alone(const struct stat& info);
// A regular file of which that is so; else an error that says what to run.
Result<> require_roots_file(const Fd& fd, const std::string& path);

Result<> write_all(const Fd& fd, ByteView bytes);
// From the current position to the end; more than `max` bytes is an error
// of Kind::too_large.
Result<std::string> read_to_end(const Fd& fd, std::uint64_t max);
// From offset 0, leaving the position alone: for seekable descriptors that are kept open.
Result<std::string> read_from_start(const Fd& fd, std::uint64_t max);

Result<> set_nonblocking(const Fd& fd, bool on);

}  // namespace bulkhead::sys
