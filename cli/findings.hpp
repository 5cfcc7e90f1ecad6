// Findings of check-policy and dry-run in the forms that editors and CI systems read. docs/ci.md
// describes them.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/base/command.hpp"
#include "cli/base/options.hpp"

namespace bulkhead::cli {

struct Finding {
    enum class Level { note, warning, error };

    Level level = Level::error;
    std::string file;     // as the caller named it, or beneath the directory that he named
    unsigned line = 0;    // counted from 1; 0: the whole file
    unsigned column = 0;  // counted from 1; 0: the whole line
    std::string code;     // a stable word: "policy-error", "SC2086", a reason code
    std::string text;
};
std::string_view name_of(Finding::Level level);

// `text` without what a terminal would obey, and bytes of other scripts as \\xNN; quotation marks
// stay, because they are part of what to write.
std::string plain(std::string_view text);

// A place in front of a text: "approval.policy:7:3".
struct Place {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;
};
Place parse_place(std::string_view where);
// Takes the place off a text "FILE:7:3: TEXT". Without a line in it the file is all in front of ":
// " if that has no blank, and empty else.
Place take_place(std::string& text);

enum class Format { text, json, github, sarif, gcc };
// The options --format and --json, which is --format json.
inline constexpr Option kFormat{"--format", Option::Takes::once};
inline constexpr Option kJson{"--json"};
Result<Format> format_of(const Options& options);

// For Format::github, sarif and gcc: workflow commands of GitHub Actions, SARIF 2.1.0, and
// "FILE:LINE:COLUMN: warning: TEXT [CODE]" as of GCC.
std::string written(std::span<const Finding> findings, Format format);

// Runs the command. Its error is also printed to standard output in the format that the arguments
// ask for, wrong as they may be, so that a program that reads it finds there what it expects.
Result<int> tell_errors(std::string_view schema, const Arguments& arguments,
                        const std::function<Result<int>()>& command);

}  // namespace bulkhead::cli
