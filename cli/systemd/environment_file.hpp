// Environment files as systemd 252 reads them (EnvironmentFile= in systemd.exec(5)); not a shell's
// reading.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/systemd/text.hpp"

namespace bulkhead::cli::systemd {

struct EnvironmentFile {
    std::vector<Variable> variables;  // each name once
    std::vector<std::string> notes;   // what systemd passes over, with its place and without values
    // The first line that no two readers need agree on, as an error; else "". It matters for a file
    // that may not be systemd's to read.
    std::string wrong;
};

// Errors: a line that is no UTF-8, or a NUL; such a file keeps a unit from starting.
Result<EnvironmentFile> parse_environment_file(std::string_view text, const std::string& file);

// The variables with any name, as /etc/os-release and /etc/machine-info are read; a later one with
// the same name does not replace an earlier one.
Result<EnvironmentFile> parse_pairs(std::string_view text, const std::string& file);

// Puts it in the place of the one with the same name, or at the end.
void put(std::vector<Variable>& variables, Variable one);

}  // namespace bulkhead::cli::systemd
