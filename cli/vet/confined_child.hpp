// Runs a program on a script that nobody has approved. The program is confined, because the script
// may attack it.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

// The path under which the child reads the script.
inline constexpr const char* kScriptPath = "/proc/self/fd/3";

struct Ran {
    int exit_code = -1;  // -1: a signal ended it, or the time was over
    std::string output;  // standard output and error, the first 256 KiB
};

// Runs `words[0]`, an absolute path, with the arguments `words`. The child does not run as root; it
// has no_new_privs, and the Landlock rules and seccomp list of policy/*/vet.*: it starts no
// process, opens no socket, writes no file, and reads only programs and libraries. It is killed
// after `time`. If a wall cannot be raised, nothing runs and it is an error; only Landlock may be
// missing, on a kernel without it.
//
// It reads the script from kScriptPath, and with Input::standard from standard input as well.
enum class Input { path, standard };
Result<Ran> run_confined(const std::vector<std::string>& words, std::string_view script,
                         std::chrono::milliseconds time = std::chrono::seconds(10),
                         Input input = Input::path);

}  // namespace bulkhead::cli
