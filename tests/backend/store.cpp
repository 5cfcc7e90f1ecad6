#include "tests/backend/store.hpp"

namespace bulkhead::reference {

void Store::pause(std::chrono::milliseconds duration) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, duration, [this] { return stopping_; });
}

void Store::set_stopping(bool stopping) {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = stopping;
    }
    changed_.notify_all();
}

}  // namespace bulkhead::reference
