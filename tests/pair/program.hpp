// A program that a test starts, waits for with a deadline, and never leaves behind.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/sys/fd.hpp"

namespace bulkhead::test {

struct Command {
    std::vector<std::string> words;                       // the program's path first
    std::map<std::string, std::string> environment = {};  // nothing else is passed on
    std::string output = "/dev/null";                     // both streams are appended to this file
};

class Program {
  public:
    explicit Program(const Command& command);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    pid_t pid() const { return pid_; }
    bool running() const;
    void signal(int number) const;
    // The exit code, 128 and more for a signal as a shell counts; nothing when the deadline came.
    std::optional<int> wait(std::chrono::milliseconds patience);

  private:
    pid_t pid_ = 0;
    sys::Fd pidfd_;
    std::optional<int> ended_;
};

struct Finished {
    int code = -1;
    std::string output;  // both streams
};
// Runs it to its end.
Finished run(const std::vector<std::string>& words);

}  // namespace bulkhead::test
