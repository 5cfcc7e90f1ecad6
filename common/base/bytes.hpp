// ByteReader and ByteWriter: the only code that walks raw memory. Little-endian throughout.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads from the front of `bytes`, which must outlive it. Each function returns an error, and
// consumes nothing, if fewer bytes are left than it needs.
class ByteReader {
  public:
    explicit ByteReader(ByteView bytes) : rest_(bytes) {}

    template <class T>
    // sizeof(T) bytes, the least significant first.
    requires std::is_integral_v<T> Result<T> integer() {
        if (rest_.size() < sizeof(T)) return fail("truncated");
        std::make_unsigned_t<T> value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            value = static_cast<decltype(value)>(
                value |
                static_cast<decltype(value)>(std::to_integer<std::uint64_t>(rest_[i]) << (8 * i)));
        }
        rest_ = rest_.subspan(sizeof(T));
        return static_cast<T>(value);
    }

    Result<ByteView> take(std::size_t count) {
        if (rest_.size() < count) return fail("truncated");
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    std::size_t remaining() const { return rest_.size(); }

    // An error if bytes are left.
    Result<> finish() const {
        if (!rest_.empty()) return fail("trailing bytes");
        return {};
    }

  private:
    ByteView rest_;
};

// Appends to a buffer that grows without a bound of its own.
class ByteWriter {
  public:
    template <class T>
    requires std::is_integral_v<T>
    void integer(T value) {
        const auto bits = static_cast<std::make_unsigned_t<T>>(value);
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            bytes_.push_back(static_cast<std::byte>((bits >> (8 * i)) & 0xff));
        }
    }

    void put(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

    const Bytes& bytes() const& { return bytes_; }
    Bytes bytes() && { return std::move(bytes_); }

  private:
    Bytes bytes_;
};

}  // namespace bulkhead
