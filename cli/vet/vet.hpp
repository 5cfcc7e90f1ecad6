// What can be said of a script without running it. Information for its author, never the host's
// verdict: new-job and seal refuse what has faults, a host judges approvals and nothing else.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admit.hpp"

namespace bulkhead::cli {

struct Remark {
    unsigned line = 0;  // 0: the whole script
    std::string text;
    bool fault = false;  // such a script does not do what its author meant
};

struct Vetting {
    struct Tool {
        admission::CheckOutcome outcome{};
        std::string why;  // what was run, or why nothing was
        std::vector<Remark> remarks;
    };

    std::vector<Remark> oddities;  // bytes that shells trip over
    Tool syntax;                   // the interpreter's own check, `bash -n`
    Tool shellcheck;
};

// Byte order mark, CR LF, NUL, no line end, a #! line that is not obeyed. An interpreter that is
// not known yet is empty.
std::vector<Remark> find_oddities(std::string_view script, std::string_view interpreter);

// The interpreter's own check, where it is a shell that has one. A script that does not parse has
// faults.
Vetting::Tool check_syntax(std::string_view script, const std::string& interpreter);

// Starts interpreter and shellcheck, each confined: another user where possible, no network, no
// other program, nothing to write to, little time.
Vetting vet(std::string_view script, const std::string& interpreter);

// Those among all its remarks; without them the script may be approved.
std::vector<Remark> faults_of(const Vetting& vetting);

}  // namespace bulkhead::cli
