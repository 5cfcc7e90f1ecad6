// Files that an author names, and text for the terminal.
#pragma once
#include <string>
#include <string_view>

#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

// "-" is standard input. Only regular files, pipes and what they are led to by symlinks; more than
// `max` bytes is an error.
Result<std::string> read_input(const std::string& path, std::uint64_t max);

// All of it, or an error: a full disk must not look like success.
Result<> print(std::string_view text);

// `text` as one word of a shell command, quoted only when it must be.
std::string shell_word(std::string_view text);

}  // namespace bulkhead::cli
