#include "common/sys/loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bulkhead::sys {

namespace {

std::uint64_t pack(int fd, std::uint32_t generation) {
    return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

}  // namespace

Result<Loop> Loop::create() {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("epoll_create1");
    return Loop(std::move(epoll));
}

Result<> Loop::watch(int fd, std::uint32_t events, OnReady ready) {
    const auto generation = ++generation_;
    epoll_event event{.events = events, .data = {.u64 = pack(fd, generation)}};
    const int operation = watchers_.contains(fd) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return fail_errno("epoll_ctl");
    watchers_[fd] = {generation, std::make_shared<OnReady>(std::move(ready))};
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
    while (!stopped_) TRY(wait(Clock::duration::max()));
    return {};
}

Result<> Loop::step(Clock::duration limit) { return wait(limit); }

// The timeout for epoll_wait(2) in milliseconds, at most a day; -1 waits without a limit. It is
// rounded up, so that a timer is due when the call returns.
int Loop::timeout_ms(Clock::duration limit) const {
    if (!timers_.empty()) limit = std::min(limit, timers_.begin()->first.first - Clock::now());
    if (limit == Clock::duration::max()) return -1;
    constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24);
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(limit);
    return static_cast<int>(std::clamp(rounded, std::chrono::milliseconds(0), kLongest).count());
}

// The next timer's deadline is the timeout of epoll_wait(2), so a timer needs no system call of its
// own.
Result<> Loop::wait(Clock::duration limit) {
    std::array<epoll_event, 32> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms(limit));
    if (count < 0 && errno != EINTR) return fail_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        // A callback may forget any watcher, also its own. So each is looked up just before its
        // call, and the shared pointer keeps it during the call. The generation differs if an
        // earlier callback closed this descriptor and opened another with the same number.
        const auto found = watchers_.find(static_cast<int>(event.data.u64 & 0xffffffffU));
        if (found == watchers_.end() || found->second.generation != event.data.u64 >> 32) continue;
        const auto ready = found->second.ready;
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

}  // namespace bulkhead::sys
