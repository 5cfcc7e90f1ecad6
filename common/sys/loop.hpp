// Loop: watchers of descriptors and timers over one epoll(7). It wakes only for a ready descriptor
// or a due timer.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "common/base/result.hpp"
#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sys {

using Clock = std::chrono::steady_clock;
using TimerId = Strong<struct TimerTag, std::uint64_t>;

class Loop {
  public:
    using OnReady = std::function<void(std::uint32_t events)>;  // EPOLLIN, EPOLLOUT, EPOLLHUP, ...
    using OnTimer = std::function<void()>;

    static Result<Loop> create();

    // A descriptor has one watcher; a second call replaces its events and callback. Call forget()
    // before the descriptor is closed.
    Result<> watch(int fd, std::uint32_t events, OnReady ready);
    void forget(int fd);

    // Calls `timer` once, at `when` or later.
    TimerId at(Clock::time_point when, OnTimer timer);
    TimerId after(Clock::duration delay, OnTimer timer) {
        return at(Clock::now() + delay, std::move(timer));
    }
    // Does nothing if the timer has run.
    void cancel(TimerId id);

    // Waits and calls back until stop(). An error means that epoll_wait(2) failed.
    Result<> run();
    // Waits once, at most for `limit`, and calls back what is ready or due; for tests and for the
    // last messages before a process ends.
    Result<> step(Clock::duration limit);
    void stop() { stopped_ = true; }

  private:
    explicit Loop(Fd epoll) : epoll_(std::move(epoll)) {}
    Result<> wait(Clock::duration limit);
    int timeout_ms(Clock::duration limit) const;
    void run_due_timers();

    Fd epoll_;
    struct Watcher {
        std::uint32_t generation = 0;
        std::shared_ptr<OnReady> ready;
    };
    std::unordered_map<int, Watcher> watchers_;
    std::uint32_t generation_ = 0;  // the last one given to a watcher
    std::map<std::pair<Clock::time_point, std::uint64_t>, OnTimer> timers_;
    std::unordered_map<std::uint64_t, Clock::time_point> deadlines_;
    std::uint64_t next_timer_ = 1;
    bool stopped_ = false;
};

}  // namespace bulkhead::sys
