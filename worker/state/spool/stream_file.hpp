// StreamFile: the file that one output stream is spliced into. Its size is how much was received.
#pragma once
#include <cstdint>
#include <span>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

class StreamFile {
  public:
    static Result<StreamFile> create(const sys::Dir& dir, std::string_view name);
    static Result<StreamFile> open(const sys::Dir& dir, std::string_view name);

    std::uint64_t size() const { return size_; }
    int fd() const { return fd_.get(); }

    // Moves what the pipe holds to the end of the file, at most `max` bytes; 0 at the pipe's end.
    // An empty pipe is the error EAGAIN. A process killed meanwhile loses and doubles nothing: the
    // kernel takes out of the pipe exactly what it has put into the file.
    Result<std::uint64_t> append_from(const sys::Fd& pipe, std::uint64_t max);
    Result<ByteView> read_at(std::uint64_t offset, std::span<std::byte> buffer) const;
    // Gives the blocks of [from, to) back to the file system; offsets and size stay.
    Result<> punch(std::uint64_t from, std::uint64_t to) const;

  private:
    StreamFile(sys::Fd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

    sys::Fd fd_;
    std::uint64_t size_;
};

}  // namespace bulkhead::worker
