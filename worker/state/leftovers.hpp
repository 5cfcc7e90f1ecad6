// What an earlier worker has left in the state directory. It may have been taken over, so that
// anything lies there: the next one has to find room for its own files, and does.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

// What was removed, a sentence each, for the log; of very many, the first.
class Removed {
  public:
    void add(std::string_view name, std::string_view why);
    std::vector<std::string> sentences() const;

  private:
    std::vector<std::string> first_;
    std::size_t count_ = 0;
};

// Whatever has that name, of any kind, depth and mode; absent is no error. Follows no link.
Result<> remove_any(const sys::Dir& parent, std::string_view name);

// The directory of that name, 0700. What else has the name is removed.
Result<sys::Dir> own_dir(const sys::Dir& parent, std::string_view name, Removed& removed);

using Wanted = std::function<bool(std::string_view name)>;

// Removes what is no regular file or larger than `max`, and where there is more than `most` first
// that whose name is not wanted. What stays can be read and written.
Result<> keep_files(const sys::Dir& dir, const Wanted& wanted, std::uint64_t max, std::size_t most,
                    Removed& removed);

// Removes all whose name is not wanted.
Result<> keep_names(const sys::Dir& dir, const Wanted& wanted, Removed& removed);

}  // namespace bulkhead::worker
