// Log: writes one line for each event to a descriptor: fields for the journal, else JSON, or plain
// text to a terminal, or the form in which the broker takes the lines of a process that it started.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"
#include "common/sys/journal.hpp"
#include "common/sys/log_line.hpp"

namespace bulkhead::sys {

class Log {
  public:
    using Field = std::pair<std::string_view, Value>;
    enum class Form { json, text, relayed, journal };

    // `who` is the process's role, "broker" or "worker". `fd` stays the caller's to close. Where
    // the journal reads `fd`, lines are entries of the journal; else they are JSON unless `fd` is a
    // terminal (isatty(3)).
    //
    // No line is ever waited for. A pipe or a terminal is opened a second time, non-blocking, so
    // that other processes keep theirs as it was (open(2), O_NONBLOCK); a socket is written with
    // MSG_DONTWAIT. Where the second open fails, poll(2) comes before each write, and another
    // writer of the same pipe could still make one wait.
    Log(std::string who, int fd);
    // An entry that the journal's socket does not take is written to `fd` as JSON instead, after
    // its level_prefix().
    Log(std::string who, int fd, Form form, Level least, std::string journal = kJournalSocket);

    void set_least(Level least) { least_ = least; }
    void debug(Event event, std::initializer_list<Field> fields = {}) const;
    void info(Event event, std::initializer_list<Field> fields = {}) const;
    void warning(Event event, std::initializer_list<Field> fields = {}) const;
    void error(Event event, std::initializer_list<Field> fields = {}) const;
    void put(Level level, Event event, std::initializer_list<Field> fields) const;
    // An error line with the reason as `why`; of a reason of several lines one for each.
    void failed(Event event, const Error& error) const;
    // failed(), if `done` is an error. True if it is none.
    bool check(const Result<>& done, Event event) const;
    // Writes a line of another process in the name `from`, whatever the least level here. Of
    // "worker/NAME" the line has NAME as the field `backend`, whatever it says itself. If
    // `left_out` is not 0, the line tells that so many before it were left out.
    void relay(std::string_view from, const RelayedLine& line, std::uint64_t left_out) const;

    // Lines that could not be written since the start. The next one that is written says how many
    // were lost just before it, in the field `lines_lost`.
    std::uint64_t lost() const { return lost_; }

  private:
    void put_line(std::string_view from, Level level, std::string_view event, Fields fields) const;
    bool write(const LogLine& line) const;
    bool write_now(std::string_view text) const;

    std::string who_;
    int fd_;
    Fd own_;  // the second description of a pipe or terminal; then fd_ is its number
    Form form_;
    Level least_ = Level::info;
    std::optional<Journal> journal_;  // of Form::journal
    mutable std::uint64_t lost_ = 0;
    mutable std::uint64_t told_ = 0;  // of lost_, in lines that were written
    mutable bool torn_ = false;       // a part of a line was written, without its end
};

}  // namespace bulkhead::sys
