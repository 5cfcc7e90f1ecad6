// The #! line of a script, as the kernel reads it, and what it asks for.
//
// A job's interpreter is the manifest's; of the #! line only the arguments are taken, so that
// "#!/bin/bash -e" stops at the first error here as it does everywhere else.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxShebang = 255;  // bytes, without the line end

// The views refer to the script.
struct Shebang {
    std::string_view interpreter;
    std::string_view argument;  // all that follows it, as one; empty: none
};

// execve(2) and binfmt_script of Linux 5.1 and later. Nothing where there is no #! line; an error
// where the kernel would run nothing, or something that nobody reads in the line.
Result<std::optional<Shebang>> parse_shebang(std::string_view script);

// What the line comes to, with env(1) looked through.
struct Asked {
    std::string_view program;  // a path, or the bare name that env would look up
    std::vector<std::string> arguments;
};

Result<std::optional<Asked>> asked_for(std::string_view script);

// Is `interpreter` what `program` means? By the last component, for /bin/bash, /usr/bin/bash and
// env's bash are one shell to an author.
bool same_program(std::string_view program, std::string_view interpreter);

}  // namespace bulkhead::approval
