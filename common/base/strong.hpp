// Strong<Tag, T>: a T of a type of its own, so that ids of two kinds do not convert to each other.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace bulkhead {

template <class Tag, class T>
struct Strong {
    T value{};
    friend auto operator<=>(const Strong&, const Strong&) = default;
};

// Sizes in bytes: 16_KiB, 4_MiB.
constexpr std::uint64_t operator""_KiB(unsigned long long n) { return n << 10; }
constexpr std::uint64_t operator""_MiB(unsigned long long n) { return n << 20; }
constexpr std::uint64_t operator""_GiB(unsigned long long n) { return n << 30; }

}  // namespace bulkhead

template <class Tag, class T>
struct std::hash<bulkhead::Strong<Tag, T>> {
    std::size_t operator()(const bulkhead::Strong<Tag, T>& id) const {
        return std::hash<T>{}(id.value);
    }
};
