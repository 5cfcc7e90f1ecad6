// What can be said of a script without running it. Information for its author, never a verdict.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

struct Remark {
    unsigned line = 0;  // 0: the whole script
    std::string text;
};

struct Vetting {
    enum class Outcome { skipped, passed, failed };

    struct Tool {
        Outcome outcome = Outcome::skipped;
        std::string why;  // what was run, or why nothing was
        std::vector<Remark> remarks;
    };

    std::vector<Remark> oddities;  // bytes that shells trip over
    Tool syntax;                   // the interpreter's own check, `bash -n`
    Tool shellcheck;
};

// Byte order mark, CR LF, NUL, no line end, a #! line that is not obeyed.
std::vector<Remark> find_oddities(std::string_view script, std::string_view interpreter);

// Starts interpreter and shellcheck, each confined: another user where possible, no network, no
// other program, nothing to write to, little time.
Vetting vet(std::string_view script, const std::string& interpreter);

}  // namespace bulkhead::cli
