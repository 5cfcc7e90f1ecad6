// Waiting for what another process does and cannot tell: short looks until a deadline that only a
// failure ever reaches.
#pragma once
#include <chrono>
#include <thread>

namespace bulkhead::test {

template <class Predicate>
bool eventually(Predicate fulfilled, std::chrono::milliseconds patience) {
    constexpr std::chrono::milliseconds kBetweenLooks{3};
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!fulfilled()) {
        if (std::chrono::steady_clock::now() >= deadline) return fulfilled();
        std::this_thread::sleep_for(kBetweenLooks);
    }
    return true;
}

}  // namespace bulkhead::test
