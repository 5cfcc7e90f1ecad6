// KeptFile: a file of the kernel's that is opened once and stays open: one pread instead of open,
// read, close, and readable when its path no longer is.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

class KeptFile {
  public:
    // Where it cannot be opened every reading says why.
    KeptFile(const sys::Dir& dir, std::string path);

    // All of it as it is now; more than `max` bytes is an error. The text lies in `buffer`.
    Result<std::string_view> read(std::vector<char>& buffer, std::uint64_t max) const;
    // The first bytes of it, at most `count`.
    Result<std::string_view> read_head(std::vector<char>& buffer, std::size_t count) const;

  private:
    Result<std::size_t> read_at(char* to, std::size_t room, std::uint64_t offset) const;

    std::string path_;
    Result<sys::Fd> fd_;
};

}  // namespace bulkhead::worker
