// The last steps of a child before it becomes another program: what execve(2) wants, and which
// descriptors go along.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::sys {

// Words as execve(2) wants them: pointers to them, and a null pointer.
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

// What stands at a place that is its index: a descriptor of the caller's, or kNullDevice.
struct Placed {
    int from = kNullDevice;
    bool over_exec = true;  // else the program that follows does not have it
};

// Puts each at its place, whatever places they come from, and closes every other descriptor of the
// process. No Fd of the caller is valid after it; so it is for a child that execs or exits.
Result<> place_descriptors(std::span<const Placed> places);

// One line of at most 300 bytes, whatever `text` holds: control characters become '?', for whoever
// reads it takes a line for a word of ours. One that cannot be written is lost.
void say_line(int fd, std::string_view text);
// The last words of a child whose step failed.
[[noreturn]] void say_and_exit(int fd, std::string_view text, int status);

}  // namespace bulkhead::sys
