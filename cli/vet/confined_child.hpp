// Another program, run on bytes that nobody has approved yet: so it gets nothing it could harm.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

// Where the child finds the bytes.
inline constexpr const char* kScriptPath = "/proc/self/fd/3";

struct Ran {
    int exit_code = -1;  // -1: killed, or over its time
    std::string output;  // standard output and error; at most 256 KiB are kept
};

// Runs `words[0]`, an absolute path. Not as root, no new privileges, no other process, no socket,
// no file to write to, nothing to read but programs and libraries; killed when its time is over.
// What cannot be applied is an error, and then nothing ran. (Landlock is applied where the kernel
// has it.)
Result<Ran> run_confined(const std::vector<std::string>& words, std::string_view script,
                         std::chrono::milliseconds time = std::chrono::seconds(10));

}  // namespace bulkhead::cli
