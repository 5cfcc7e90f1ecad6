// Where a shell script expands variables of parameters, $JOB_P_name.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

inline constexpr std::string_view kParamPrefix = "JOB_P_";

struct Expansion {
    enum class Kind {
        plain,     // $JOB_P_x or ${JOB_P_x...}: fails under `set -u`, or is empty, if it is not set
        guarded,   // ${JOB_P_x:-...}, ${JOB_P_x=...}, ${JOB_P_x+...}: says what to do without it
        named,     // the name without "$" as a word: it may be set or asked for there
        assigned,  // JOB_P_x=... or JOB_P_x+=...
        text,      // in a text that no shell expands there, which may be another program's
    };
    std::string name;  // behind the prefix; empty where it is made up, as in "JOB_P_$name"
    unsigned line = 0;
    Kind kind = Kind::plain;
};

struct Expansions {
    std::vector<Expansion> list;
    // False: quotes, here-documents or parentheses are nested in a way that is not followed here,
    // so that what is in `list` may stand in a text that no shell expands.
    bool understood = true;
};

// Reads quotes, comments, here-documents and substitutions as sh(1) and bash(1) do. Text between
// single quotes, in comments and in quoted here-documents is not expanded by the script's shell.
Expansions find_expansions(std::string_view script);

}  // namespace bulkhead::cli
