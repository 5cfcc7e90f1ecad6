// Reads files that the caller names, and prints text to the terminal.
#pragma once
#include <string>
#include <string_view>

#include "common/base/parse.hpp"
#include "common/base/result.hpp"

namespace bulkhead::cli {

// Reads a file or a pipe to its end; "-" is standard input. Symlinks are followed. A directory and
// more than `max` bytes are errors. Each error is a wrong(): the file was named in the call.
Result<std::string> read_input(const std::string& path, std::uint64_t max);

// Writes `text` to standard output. An error if not all of it was written, for example to a full
// disk.
Result<> print(std::string_view text);

// The same for what has been done already: the error says so.
Result<> print_done(std::string_view text);

// `text` as one word of a shell command, in quotes if it needs them.
std::string shell_word(std::string_view text);

}  // namespace bulkhead::cli
