// Differences and percentages of counters that the kernel does not read at one moment: a part may
// exceed its whole.
#pragma once
#include <cstdint>

namespace bulkhead::worker {

// `whole` - `part`, or 0 if `part` is larger.
constexpr std::uint64_t less(std::uint64_t whole, std::uint64_t part) {
    return part < whole ? whole - part : 0;
}

// 0 if `whole` is 0.
constexpr double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace bulkhead::worker
