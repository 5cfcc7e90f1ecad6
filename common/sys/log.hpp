// Log: writes one line for each event to a descriptor, as JSON, or as plain text to a terminal, or
// in the form in which the broker takes the lines of a process that it started.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sys {

enum class Level { debug, info, warning, error };
Result<Level> parse_level(std::string_view text);

// A line of another process, as it came out of a pipe that the process writes to.
struct RelayedLine {
    Level level = Level::warning;
    std::string event = "output";
    std::vector<std::pair<std::string, std::string>> fields;
};
// `line` is without its '\n'. What a Log of Form::relayed has written gets its level, event and
// fields back; any other text is the field `text` of a warning. A field whose name is not of
// [a-z0-9_]{1,32}, or is one of those that each line has (time, level, from, event), is named
// `field`; of more than 16 fields the rest is left out.
RelayedLine parse_relayed(std::string_view line);

class Log {
  public:
    using Field = std::pair<std::string_view, std::string>;
    enum class Form { json, text, relayed };

    // `who` is the process's role, "broker" or "worker". `fd` stays the caller's to close. Lines
    // are JSON unless `fd` is a terminal (isatty(3)).
    //
    // No line is ever waited for. A pipe or a terminal is opened a second time, non-blocking, so
    // that other processes keep theirs as it was (open(2), O_NONBLOCK); a socket is written with
    // MSG_DONTWAIT. Where the second open fails, poll(2) comes before each write, and another
    // writer of the same pipe could still make one wait.
    Log(std::string who, int fd);
    Log(std::string who, int fd, Form form, Level least);

    void set_least(Level least) { least_ = least; }
    void debug(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void warning(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void error(std::string_view what, std::initializer_list<Field> fields = {}) const;
    // Logs an error line with the reason if `done` is an error. True if it is none.
    bool check(const Result<>& done, std::string_view what) const;
    // Writes a line of another process in the name `from`, whatever the least level here. If
    // `left_out` is not 0, the line tells that so many before it were left out.
    void relay(std::string_view from, const RelayedLine& line, std::uint64_t left_out) const;

    // Lines that could not be written since the start. The next one that is written says how many
    // were lost just before it, in the field `lines_lost`.
    std::uint64_t lost() const { return lost_; }

  private:
    void line(Level level, std::string_view what, std::span<const Field> fields) const;
    void put(std::string_view who, Level level, std::string_view what,
             std::span<const Field> fields) const;
    std::string compose(std::string_view who, Level level, std::string_view what,
                        std::span<const Field> fields) const;
    bool write_now(std::string_view text) const;

    std::string who_;
    int fd_;
    Fd own_;  // the second description of a pipe or terminal; then fd_ is its number
    Form form_;
    Level least_ = Level::info;
    mutable std::uint64_t lost_ = 0;
    mutable std::uint64_t told_ = 0;  // of lost_, in lines that were written
    mutable bool torn_ = false;       // a part of a line was written, without its end
};

// `text` as a JSON string with its quotes (RFC 8259). If `text` is not UTF-8, each byte above 0x7f
// becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace bulkhead::sys
