// KeptFile: a file of /proc that stays open between readings: one pread instead of open, read,
// close.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

class KeptFile {
  public:
    explicit KeptFile(std::string path) : path_(std::move(path)) {}

    // All of it as it is now; more than `max` bytes is an error. The text lies in `buffer`.
    Result<std::string_view> read(const sys::Dir& dir, std::vector<char>& buffer,
                                  std::uint64_t max);
    // The first bytes of it, at most `count`.
    Result<std::string_view> read_head(const sys::Dir& dir, std::vector<char>& buffer,
                                       std::size_t count);

  private:
    // After a failure the descriptor is let go, so that the next reading opens the file again.
    Result<std::size_t> read_at(const sys::Dir& dir, char* to, std::size_t room,
                                std::uint64_t offset);

    std::string path_;
    sys::Fd fd_;
};

}  // namespace bulkhead::worker
