// KeptFile: a file of /proc that is opened once and stays open. Each reading is a pread(2) in place
// of open, read and close, and still works when the path cannot be opened any more.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

class KeptFile {
  public:
    // Opens `path` beneath `dir`. If that fails, each reading returns the error of it.
    KeptFile(const sys::Dir& dir, std::string path);

    // Reads the whole file from its beginning. The result points into `buffer`, which grows as
    // needed. Errors: a file of more than `max` bytes, and those of open and pread(2).
    Result<std::string_view> read(std::vector<char>& buffer, std::uint64_t max) const;
    // Reads at most the first `count` bytes, with one pread(2); else as read().
    Result<std::string_view> read_head(std::vector<char>& buffer, std::size_t count) const;

  private:
    Result<std::size_t> read_at(char* to, std::size_t room, std::uint64_t offset) const;

    std::string path_;
    Result<sys::Fd> fd_;
};

}  // namespace bulkhead::worker
