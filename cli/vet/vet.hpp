// Checks a script without running it. The result is for its author: new-job and seal refuse a
// script with faults, while a host decides by approvals and does not make these checks.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admit.hpp"
#include "common/approval/param.hpp"

namespace bulkhead::cli {

struct Remark {
    unsigned line = 0;  // counted from 1; 0 means the whole script
    std::string text;
    bool fault = false;      // true: the script does not do what its author meant
    unsigned column = 0;     // in characters, counted from 1; 0: not one of them
    std::string code_point;  // "U+202E" of a character that is odd; else empty
    std::string level{};     // of a remark of shellcheck: "error", "warning", "info" or "style"
    std::string code{};      // and its code, "SC2086"
};

struct Vetting {
    struct Tool {
        admission::CheckOutcome outcome{};
        std::string why;  // the command that was run, or why none was
        std::vector<Remark> remarks;
    };

    std::vector<Remark> oddities;  // see find_oddities()
    Tool syntax;                   // the interpreter's own check, such as `bash -n`
    Tool shellcheck;
};

// Finds a byte order mark, CR LF, NUL, a missing LF at the end, and a #! line that the interpreter
// does not follow. `interpreter` is empty if it is not known yet.
std::vector<Remark> find_oddities(std::string_view script, std::string_view interpreter);

// Runs the interpreter's own syntax check, if it is a shell that has one. Syntax errors are faults.
Vetting::Tool check_syntax(std::string_view script, const std::string& interpreter);

// True for shells, and for "", an interpreter that is not known yet.
bool is_shell(std::string_view interpreter);

// Makes all checks. The interpreter and shellcheck are started by run_confined(). The script finds
// the `declared` parameters as variables that it need not assign, which shellcheck does not know.
Vetting vet(std::string_view script, const std::string& interpreter,
            const std::vector<approval::ParamRule>& declared = {});

// The remarks that are faults.
std::vector<Remark> faults_of(const Vetting& vetting);

}  // namespace bulkhead::cli
