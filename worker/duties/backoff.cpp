#include "worker/duties/backoff.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;

milliseconds part_of(milliseconds whole, const Random& random) {
    const auto share = std::clamp(random(), 0.0, 1.0) * static_cast<double>(whole.count());
    return milliseconds(static_cast<milliseconds::rep>(share));
}

}  // namespace

Random system_random() {
    return [] {
        std::uint64_t bits = 0;
        // Blocks only before the kernel's generator is seeded, early at boot (getrandom(2)); 8
        // bytes are never cut short. If the call fails, 0.5 is returned: a delay without jitter.
        if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) return 0.5;
        return static_cast<double>(bits >> 11) * 0x1p-53;
    };
}

milliseconds Backoff::next(std::optional<std::chrono::seconds> retry_after) {
    auto ceiling = limits_.first;
    for (unsigned i = 0; i < failures_ && ceiling < limits_.cap; ++i) ceiling *= 2;
    ceiling = std::min(ceiling, limits_.cap);
    ++failures_;
    const auto jittered = std::max(limits_.least, part_of(ceiling, random_));
    if (!retry_after) return jittered;
    // Clamped in seconds: as milliseconds a hostile Retry-After would overflow.
    const auto longest = std::chrono::floor<std::chrono::seconds>(limits_.longest_retry_after);
    return std::clamp(*retry_after, std::chrono::seconds(0), longest) + jittered;
}

milliseconds first_phase(milliseconds interval, const Random& random) {
    return part_of(interval, random);
}

}  // namespace bulkhead::worker
