#include "common/sys/loop.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace bulkhead::sys {

Result<Loop> Loop::create() {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("epoll_create1");
    Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer) return fail_errno("timerfd_create");
    epoll_event event{.events = EPOLLIN, .data = {.fd = timer.get()}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &event) != 0) {
        return fail_errno("epoll_ctl");
    }
    return Loop(std::move(epoll), std::move(timer));
}

Result<> Loop::watch(int fd, std::uint32_t events, OnReady ready) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    const int operation = watchers_.contains(fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return fail_errno("epoll_ctl");
    watchers_[fd] = std::make_shared<OnReady>(std::move(ready));
    return {};
}

void Loop::forget(int fd) {
    if (watchers_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

TimerId Loop::at(Clock::time_point when, OnTimer timer) {
    const auto id = next_timer_++;
    timers_.emplace(std::pair(when, id), std::move(timer));
    deadlines_.emplace(id, when);
    return {id};
}

void Loop::cancel(TimerId id) {
    const auto found = deadlines_.find(id.value);
    if (found == deadlines_.end()) return;
    timers_.erase({found->second, id.value});
    deadlines_.erase(found);
}

Result<> Loop::run() {
    stopped_ = false;
    while (!stopped_) TRY(wait(-1));
    return {};
}

Result<> Loop::step(Clock::duration limit) {
    return wait(static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(limit).count()));
}

Result<> Loop::wait(int milliseconds) {
    TRY(arm());
    std::array<epoll_event, 32> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds);
    if (count < 0 && errno != EINTR) return fail_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        // A callback may forget any watcher, itself included: look up late, hold while it runs.
        const auto found = watchers_.find(event.data.fd);
        if (found == watchers_.end()) continue;
        const auto ready = found->second;
        (*ready)(event.events);
    }
    run_due_timers();
    return {};
}

void Loop::run_due_timers() {
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        auto due = timers_.extract(timers_.begin());
        deadlines_.erase(due.key().second);
        due.mapped()();
    }
}

// Sets the timerfd only when the earliest deadline changed: an idle loop makes no system call
// besides its epoll_wait. Setting also clears an expiry that was not read.
Result<> Loop::arm() {
    const auto earliest = timers_.empty() ? Clock::time_point{} : timers_.begin()->first.first;
    if (earliest == armed_) return {};
    const auto since_boot = earliest.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
    itimerspec spec{};
    spec.it_value.tv_sec = seconds.count();
    spec.it_value.tv_nsec = std::chrono::nanoseconds(since_boot - seconds).count();
    if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) != 0) {
        return fail_errno("timerfd_settime");
    }
    armed_ = earliest;
    return {};
}

}  // namespace bulkhead::sys
