// Names, lines and words as systemd 252 takes them out of unit files (systemd.syntax(7)).
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli::systemd {

inline constexpr std::string_view kBlanks = " \t\n\r";

// An environment variable and the place that it comes from.
struct Variable {
    std::string name;
    std::string text;   // the value; may be a secret
    std::string where;  // "/etc/hyprbox/hyprnode.env:3"
};

// "/etc/a.env", 3 -> "/etc/a.env:3"
std::string place(const std::string& file, std::size_t line);

// Whether systemd accepts it in an environment: letters, digits and _, no digit in front. A value
// may be any UTF-8.
bool is_variable_name(std::string_view name);

// Whether no control character, quote, or backslash is in it: systemd's string_is_safe().
bool is_safe(std::string_view text);

// `text` without blanks, tabs, CR and LF at its ends.
std::string_view stripped(std::string_view text);

enum class Escapes {
    c,          // those of C, as \x41; another one is an error
    c_or_kept,  // those of C; of another one both characters stay
    dropped,    // the character after a backslash stays as it is
};
// Takes the next word, without its quotes, from the front of `text`; nothing at the end. Errors: an
// escape (see above), and a quote that is not closed unless `open_quotes` allows it.
Result<std::optional<std::string>> next_word(std::string_view& text, Escapes escapes,
                                             bool open_quotes = false);

struct Assignment {
    std::string section;  // "Service"
    std::string key;
    std::string value;
    std::string where;
};
struct Lines {
    std::vector<Assignment> assignments;
    std::vector<std::string> notes;  // lines that systemd passes over, with their places
    // What is wrong with the line at which systemd stops reading the file, as a clause with its
    // place; else "". Nothing of that line or of those behind it is above.
    std::string wrong;
};
inline constexpr std::array<std::string_view, 3> kServiceSections{"Unit", "Service", "Install"};
inline constexpr std::array<std::string_view, 1> kManagerSections{"Manager"};
// Splits a file in which these sections count. Error: it holds a NUL.
Result<Lines> parse_lines(std::string_view text, const std::string& file,
                          std::span<const std::string_view> sections = kServiceSections);

}  // namespace bulkhead::cli::systemd
