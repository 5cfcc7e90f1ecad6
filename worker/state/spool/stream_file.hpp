// StreamFile: the file that one output stream is moved into by splice(2). Its size is the number of
// bytes received.
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

    // Moves what the pipe holds to the end of the file, at most `max` bytes; 0 at the end of the
    // pipe. EAGAIN: the pipe is empty. If the process is killed meanwhile, no byte is lost or
    // doubled: splice(2) removes from the pipe exactly what it has written to the file.
    Result<std::uint64_t> append_from(const sys::Fd& pipe, std::uint64_t max);
    Result<ByteView> read_at(std::uint64_t offset, std::span<std::byte> buffer) const;
    // Frees the blocks of [from, to) (FALLOC_FL_PUNCH_HOLE); offsets and size of the file stay.
    Result<> punch(std::uint64_t from, std::uint64_t to) const;

  private:
    StreamFile(sys::Fd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

    sys::Fd fd_;
    std::uint64_t size_;
};

}  // namespace bulkhead::worker
