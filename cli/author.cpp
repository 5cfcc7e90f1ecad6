#include "cli/author.hpp"

#include <cstdio>

#include "cli/vet/odd.hpp"
#include "cli/vet/param_use.hpp"
#include "common/approval/shebang.hpp"
#include "common/base/text.hpp"

namespace bulkhead::cli {

std::string fault_lines(const std::string& file, const std::vector<Remark>& faults) {
    std::string lines;
    for (const auto& fault : faults) {
        lines += (lines.empty() ? "" : "\n") + file + ":" +
                 (fault.line == 0 ? "" : std::to_string(fault.line) + ":") + " " +
                 quoted(fault.text, 400);
    }
    return lines;
}

Result<> require_sound(const std::string& file, std::string_view script,
                       const std::string& interpreter) {
    Vetting vetting{.oddities = find_oddities(script, interpreter)};
    // If there are faults already, a shell would report them again in other words.
    if (faults_of(vetting).empty()) vetting.syntax = check_syntax(script, interpreter);
    const auto faults = faults_of(vetting);
    using enum admission::CheckOutcome;
    if (vetting.syntax.outcome == failed) {
        return fail(fault_lines(file, faults) + "\n" + vetting.syntax.why +
                    " says so; what does not parse is not put up for approval");
    }
    if (!faults.empty()) return fail(fault_lines(file, faults));
    if (vetting.syntax.outcome == skipped) {
        std::fprintf(stderr, "note: %s: its syntax was not checked: %s\n", file.c_str(),
                     vetting.syntax.why.c_str());
    }
    return {};
}

Result<> require_visible(const std::string& file, std::string_view text,
                         const std::string& odd_bytes, const std::string& advice) {
    const auto unseen = find_unseen(text, !odd_bytes.empty());
    if (unseen.empty() || !odd_bytes.empty()) return {};
    return fail(fault_lines(file, unseen) +
                "\nWho signs must see what will run. Take that out; if it is meant, " + advice);
}

Result<> require_declared(const std::string& file, std::string_view script,
                          const approval::Manifest& manifest) {
    const auto remarks = compare_params(script, manifest.interpreter, manifest.params);
    std::vector<Remark> faults;
    for (const auto& remark : remarks) {
        if (remark.fault) {
            faults.push_back(remark);
        } else {
            std::fprintf(stderr, "note: %s\n", fault_lines(file, {remark}).c_str());
        }
    }
    if (faults.empty()) return {};
    return fail(fault_lines(file, faults));
}

Result<std::string> listed_interpreter(std::string_view name, const policy::Policy& policy) {
    const auto bare = [](std::string_view path) {
        return path.starts_with("/usr/") ? path.substr(4) : path;
    };
    const std::pair<const std::string, policy::Source>* best = nullptr;
    for (const auto& row : policy.interpreters) {
        if (!approval::same_program(name, row.first)) continue;
        if (best != nullptr && bare(best->first) != bare(row.first)) {
            return fail("interpreters.policy lists " + best->first + " and " + row.first +
                        " for the #! line's " + std::string(name) + "; say which: --interpreter " +
                        best->first);
        }
        if (best == nullptr || row.second.line < best->second.line) best = &row;
    }
    if (best != nullptr) return best->first;
    return fail("interpreters.policy lists no " + quoted(name, 64) +
                ", which the #! line leaves to env; say what runs it: --interpreter /PATH");
}

}  // namespace bulkhead::cli
