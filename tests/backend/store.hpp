// Store: the State and its mutex. Threads wait for a change on a condition variable.
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

    /// Waits until `fulfilled` holds for the state. False if it does not hold at the deadline, or
    /// when the backend stops.
    template <class Predicate>
    bool wait_until(SteadyTime deadline, Predicate fulfilled) const {
        std::unique_lock lock(mutex_);
        const auto done = [&] { return fulfilled(std::as_const(state_)); };
        changed_.wait_until(lock, deadline, [&] { return stopping_ || done(); });
        return done();
    }

    /// Calls `attempt(state, wake)` at each change until it returns a value. `attempt` may set
    /// `wake` to the time of the next call if nothing changes before.
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

    /// Waits for `duration`, or until the backend stops.
    void pause(std::chrono::milliseconds duration) const;

    /// While it is set, no function above waits.
    void set_stopping(bool stopping);

  private:
    /// It is declared before the lock, so it is destroyed, and notifies, after the lock is
    /// released.
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
