// The state behind one mutex. Whoever waits for a change sleeps on a condition variable; nobody
// polls.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "tests/backend/state.hpp"

namespace bulkhead::reference {

class Store {
  public:
    template <class Use>
    auto read(Use use) const {
        const std::lock_guard lock(mutex_);
        return use(state_);
    }

    template <class Use>
    auto change(Use use) {
        const Notifier notifier{changed_};
        const std::lock_guard lock(mutex_);
        return use(state_);
    }

    /// Waits until `fulfilled` holds for the state. False when the deadline or the end comes first.
    template <class Predicate>
    bool wait_until(SteadyTime deadline, Predicate fulfilled) const {
        std::unique_lock lock(mutex_);
        const auto done = [&] { return fulfilled(std::as_const(state_)); };
        changed_.wait_until(lock, deadline, [&] { return stopping_ || done(); });
        return done();
    }

    /// Repeats `attempt(state, wake)` at each change until it yields a value. It may set `wake` to
    /// a time at which it wants to be asked again although nothing changed.
    template <class Attempt>
    auto take(SteadyTime deadline, Attempt attempt)
        -> decltype(attempt(std::declval<State&>(), std::declval<SteadyTime&>())) {
        const Notifier notifier{changed_};
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            auto wake = deadline;
            if (auto taken = attempt(state_, wake)) return taken;
            if (std::chrono::steady_clock::now() >= deadline) break;
            changed_.wait_until(lock, wake);
        }
        return std::nullopt;
    }

    /// Sleeps, unless the backend stops.
    void pause(std::chrono::milliseconds duration) const;

    /// While stopping, nobody waits for anything.
    void set_stopping(bool stopping);

  private:
    /// Declared before the lock, so it speaks after the lock is gone.
    struct Notifier {
        std::condition_variable& changed;
        ~Notifier() { changed.notify_all(); }
    };

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool stopping_ = false;
    State state_;
};

}  // namespace bulkhead::reference
