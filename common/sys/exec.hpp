// The last steps of a child before execve(2): its argument vector, and which descriptors it keeps.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::sys {

// Owns words and the array that execve(2) takes: a pointer to each, then a null pointer.
class Argv {
  public:
    explicit Argv(std::vector<std::string> words);
    Argv(const Argv&) = delete;
    Argv& operator=(const Argv&) = delete;

    char* const* get() const { return pointers_.data(); }
    const char* program() const { return pointers_[0]; }

  private:
    std::vector<std::string> words_;
    std::vector<char*> pointers_;
};

inline constexpr int kNullDevice = -1;

// The source of the descriptor whose number is this element's index: a descriptor of the caller, or
// kNullDevice for /dev/null.
struct Placed {
    int from = kNullDevice;
    bool over_exec = true;  // false: it is close-on-exec
};

// Makes descriptors 0..places.size()-1 copies of their sources, and closes all others of the
// process (close_range(2), Linux 5.9). A source may be any number. At most 16 places. The caller's
// Fd objects are wrong afterwards, so it is for a child that execs or exits.
Result<> place_descriptors(std::span<const Placed> places);

// Writes one line with the first 300 bytes of `text`. Control characters become '?', because the
// reader of `fd` takes each line as one report. A failed write is ignored.
void say_line(int fd, std::string_view text);
// Writes such a line and calls _exit(2): for a child of which a step failed.
[[noreturn]] void say_and_exit(int fd, std::string_view text, int status);

}  // namespace bulkhead::sys
