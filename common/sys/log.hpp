// Log: writes one line for each event to a descriptor, as JSON, or as plain text to a terminal.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sys {

enum class Level { debug, info, warning, error };
Result<Level> parse_level(std::string_view text);

class Log {
  public:
    using Field = std::pair<std::string_view, std::string>;

    // `who` is the process's role, "broker" or "worker". `fd` stays the caller's to close. Lines
    // are JSON unless `fd` is a terminal (isatty(3)).
    Log(std::string who, int fd);
    Log(std::string who, int fd, bool json, Level least);

    void set_least(Level least) { least_ = least; }
    // Writes all later lines to `file`, which it owns from now on: for a log that was rotated.
    void move_to(Fd file);
    void debug(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void warning(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void error(std::string_view what, std::initializer_list<Field> fields = {}) const;
    // Logs an error line with the reason if `done` is an error. True if it is none.
    bool check(const Result<>& done, std::string_view what) const;

  private:
    void line(Level level, std::string_view what, std::initializer_list<Field> fields) const;
    std::string who_;
    int fd_;
    Fd kept_;  // the file given to move_to(); then fd_ is its number
    bool json_;
    Level least_ = Level::info;
};

// `text` as a JSON string with its quotes (RFC 8259). If `text` is not UTF-8, each byte above 0x7f
// becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace bulkhead::sys
