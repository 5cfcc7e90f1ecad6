// RelayedLog: the lines that a process of ours writes to standard output and error, a pipe, become
// lines of the log in its name. So the process can neither write in another's name nor take away
// room from others' lines, and it holds no descriptor of the log.
#pragma once
#include <chrono>
#include <string>

#include "common/sys/fd.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::broker {

class RelayedLog {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kLongestLine = 16 * 1024;  // bytes; the rest is cut off
    // How much one read(2) takes, and how long the next one waits: what a process writes beyond
    // that stays in its pipe, and the process waits.
    static constexpr std::size_t kMostAtOnce = 64 * 1024;
    static constexpr std::chrono::milliseconds kPause{100};
    // Lines that are relayed at once, and one more each kRefill. Those beyond are left out, and the
    // next line tells how many they were.
    static constexpr int kBurst = 200;
    static constexpr std::chrono::milliseconds kRefill{100};
    static constexpr std::size_t kShare = 512;  // bytes; a longer line counts for several

    // Both outlive it; `from` is the name that its lines get.
    RelayedLog(const sys::Log& log, std::string from) : log_(log), from_(std::move(from)) {}

    // Reads once from `pipe`, which is non-blocking. False: there was nothing to read, or no
    // process has the other end any more.
    bool read(const sys::Fd& pipe, Time now);
    // What is left in it, when the process has ended.
    void read_rest(const sys::Fd& pipe, Time now);

  private:
    void take(std::string_view text, Time now);
    void relay(Time now);

    const sys::Log& log_;
    std::string from_;
    std::string line_;  // its beginning, until its end has come
    Time full_at_{};    // when kBurst lines may, or will, be relayed again
    std::uint64_t left_out_ = 0;
};

}  // namespace bulkhead::broker
