// Parses the #! line of a script as the kernel does.
//
// The manifest names a job's interpreter. The #! line adds its arguments, so that a script with
// "#!/bin/bash -e" stops at the first error in a job, too.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxShebang = 255;  // bytes, without the line end

// Views of the script.
struct Shebang {
    std::string_view interpreter;
    std::string_view argument;  // the rest of the line as one argument; empty if there is none
};

// Splits the line as binfmt_script does since Linux 5.1 (execve(2)). Nothing if the script has no
// #! line. An error if the kernel would refuse the line or cut it: no interpreter, a NUL, no LF
// within kMaxShebang bytes, CR LF at the end.
Result<std::optional<Shebang>> parse_shebang(std::string_view script);

// The program that the line runs. If that is env(1), the program that env would run.
struct Asked {
    std::string_view program;  // an absolute path, or the name that env would look up in PATH
    std::vector<std::string> arguments;
};

Result<std::optional<Asked>> asked_for(std::string_view script);

// True if the last components are equal: /bin/bash, /usr/bin/bash and "bash" name one program.
bool same_program(std::string_view program, std::string_view interpreter);

}  // namespace bulkhead::approval
