// IpAddress: IPv4 or IPv6, as the kernel has it and as text has it.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"

namespace bulkhead::worker {

enum class Family : std::uint8_t { v4, v6 };

// AF_INET and AF_INET6; nothing for all others.
std::optional<Family> family_of(int address_family);

class IpAddress {
  public:
    IpAddress() = default;                                  // 0.0.0.0
    explicit IpAddress(Family family) : family_(family) {}  // 0.0.0.0 or ::
    // Network order; nothing unless it is 4 or 16 bytes, as the family wants.
    static std::optional<IpAddress> from(Family family, ByteView bytes);
    static std::optional<IpAddress> parse(std::string_view text);

    Family family() const { return family_; }
    bool is_unspecified() const { return *this == IpAddress(family_); }
    std::string text() const;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    Family family_ = Family::v4;
    std::array<std::byte, 16> bytes_{};
};

}  // namespace bulkhead::worker
