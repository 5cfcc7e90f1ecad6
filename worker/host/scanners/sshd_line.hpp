// Lines of sshd_config, taken apart as the OpenSSH server does it (since 8.7: servconf.c and
// argv_split() of misc.c).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// The words of a text one after the other, which is how sshd reads the keyword of a line and the
// criteria of a Match (strdelim() of misc.c): blanks or one = divide them, "..." holds blanks, and
// neither ' nor a backslash means anything.
class SshdWords {
  public:
    explicit SshdWords(std::string_view text) : rest_(std::string(text)) {}
    // nullopt: there is none left, or its " is not closed.
    std::optional<std::string> next();
    // "": nothing is left.
    std::string rest() const { return rest_.value_or(""); }
    void drop_rest() { rest_.reset(); }

  private:
    std::optional<std::string> rest_;
};

struct SshdLine {
    std::string keyword;  // in lower case
    std::vector<std::string> arguments;
    std::string rest;  // all behind the keyword, as written
};

// nullopt: blank, a comment, or what sshd passes over. Error: why sshd refuses it.
Result<std::optional<SshdLine>> parse_sshd_line(std::string_view line);

// The lines of a file without what sshd cuts off: leading blanks, and of a line with a NUL all from
// there on, its end too.
std::vector<std::string> sshd_lines(std::string_view content);

std::string lower(std::string_view text);  // ASCII

// A decimal number as strtonum(3) and strtol(3) take it, with blanks and a sign before it.
Result<std::int64_t> parse_sshd_number(std::string_view text);

}  // namespace bulkhead::worker
