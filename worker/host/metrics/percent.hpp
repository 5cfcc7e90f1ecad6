// Arithmetic of readings that may contradict each other for a moment.
#pragma once
#include <cstdint>

namespace bulkhead::worker {

constexpr std::uint64_t less(std::uint64_t whole, std::uint64_t part) {
    return part < whole ? whole - part : 0;
}

constexpr double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace bulkhead::worker
