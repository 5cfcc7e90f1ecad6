// Loop: one epoll, its timeout for a timer, no tick. Both processes sleep in run() until something
// happens.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

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

    // One watcher per descriptor; watching again replaces events and callback.
    Result<> watch(int fd, std::uint32_t events, OnReady ready);
    void forget(int fd);

    TimerId at(Clock::time_point when, OnTimer timer);
    TimerId after(Clock::duration delay, OnTimer timer) { return at(Clock::now() + delay, timer); }
    void cancel(TimerId id);

    // Until stop(). An error is a broken invariant of ours.
    Result<> run();
    // One wait of at most `limit`, then what was ready; for tests and for draining.
    Result<> step(Clock::duration limit);
    void stop() { stopped_ = true; }

  private:
    explicit Loop(Fd epoll) : epoll_(std::move(epoll)) {}
    Result<> wait(Clock::duration limit);
    int patience(Clock::duration limit) const;
    void run_due_timers();

    Fd epoll_;
    struct Watcher {
        std::uint32_t generation = 0;
        std::shared_ptr<OnReady> ready;
    };
    std::unordered_map<int, Watcher> watchers_;
    std::uint32_t generation_ = 0;  // of the youngest
    std::map<std::pair<Clock::time_point, std::uint64_t>, OnTimer> timers_;
    std::unordered_map<std::uint64_t, Clock::time_point> deadlines_;
    std::uint64_t next_timer_ = 1;
    bool stopped_ = false;
};

}  // namespace bulkhead::sys
