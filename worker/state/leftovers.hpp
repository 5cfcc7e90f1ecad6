// Removes what an earlier worker left in the state directory. That worker may have been taken over
// by an attacker, so the directory may hold anything; the next worker starts all the same.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::worker {

// What was removed, a sentence each, for the log: the first twenty, then how many more.
class Removed {
  public:
    void add(std::string_view name, std::string_view why);
    std::vector<std::string> sentences() const;

  private:
    std::vector<std::string> first_;
    std::size_t count_ = 0;
};

// Removes the entry of that name, whatever its type, depth and mode; follows no symlink. Absent is
// no error.
Result<> remove_any(const sys::Dir& parent, std::string_view name);

// Opens the directory of that name, mode 0700, and makes it if absent. Anything else of that name
// is removed.
Result<sys::Dir> own_dir(const sys::Dir& parent, std::string_view name, Removed& removed);

using Wanted = std::function<bool(std::string_view name)>;

// Removes entries that are no regular files or larger than `max` octets. If there are more than
// `most`, removes those whose name is not wanted first. The files that stay can be read and
// written.
Result<> keep_files(const sys::Dir& dir, const Wanted& wanted, std::uint64_t max, std::size_t most,
                    Removed& removed);

// Removes all entries whose name is not wanted.
Result<> keep_names(const sys::Dir& dir, const Wanted& wanted, Removed& removed);

}  // namespace bulkhead::worker
