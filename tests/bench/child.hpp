// A program that the bench starts, and ends with its own end.
#pragma once
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace bulkhead::bench {

class Child {
  public:
    // `log`: file for its standard error; empty: ours.
    static Child start(const std::vector<std::string>& words, const std::string& log = "",
                       int standard_input = -1);
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Child& operator=(Child&&) = delete;
    // SIGTERM, and SIGKILL when that does not help within 20 seconds.
    ~Child();

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    // Its wait status.
    int wait();

  private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

// A bench that cannot measure says why and ends.
[[noreturn]] void give_up(const std::string& why);

}  // namespace bulkhead::bench
