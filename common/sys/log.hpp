// One structured line per event to a descriptor: JSON for programs, readable text on a terminal.
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

    // `who` is the process's part: "broker" or "worker". JSON unless `fd` is a terminal.
    Log(std::string who, int fd);
    Log(std::string who, int fd, bool json, Level least);

    void set_least(Level least) { least_ = least; }
    // The following lines go there: the file was rotated.
    void move_to(Fd file);
    void debug(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void warning(std::string_view what, std::initializer_list<Field> fields = {}) const;
    void error(std::string_view what, std::initializer_list<Field> fields = {}) const;
    // An error line that tells why `done` failed, where it did; work goes on. True: it did not.
    bool check(const Result<>& done, std::string_view what) const;

  private:
    void line(Level level, std::string_view what, std::initializer_list<Field> fields) const;
    std::string who_;
    int fd_;
    Fd kept_;  // where fd_ is ours to close
    bool json_;
    Level least_ = Level::info;
};

// `text` as a JSON string with its quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace bulkhead::sys
