// IpAddress: an IPv4 or IPv6 address, made from the kernel's bytes or from text.
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

// The family of AF_INET or AF_INET6; nullopt for all others.
std::optional<Family> family_of(int address_family);

class IpAddress {
  public:
    IpAddress() = default;                                  // 0.0.0.0
    explicit IpAddress(Family family) : family_(family) {}  // 0.0.0.0 or ::
    // `bytes` are in network order. nullopt unless there are 4 (IPv4) or 16 (IPv6) of them.
    static std::optional<IpAddress> from(Family family, ByteView bytes);
    // Accepts what inet_pton(3) accepts.
    static std::optional<IpAddress> parse(std::string_view text);

    Family family() const { return family_; }
    bool is_unspecified() const { return *this == IpAddress(family_); }
    bool is_loopback() const;   // 127.0.0.0/8 (RFC 1122) or ::1
    bool is_multicast() const;  // 224.0.0.0/4 (RFC 1112) or ff00::/8 (RFC 4291)
    // ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2), which a socket of both families has where it speaks
    // IPv4 (ipv6(7)), as 192.0.2.1; any other address as it is.
    IpAddress unmapped() const;
    std::string text() const;  // as inet_ntop(3) writes it

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    Family family_ = Family::v4;
    std::array<std::byte, 16> bytes_{};
};

}  // namespace bulkhead::worker
