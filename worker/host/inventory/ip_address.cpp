#include "worker/host/inventory/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace bulkhead::worker {

namespace {

int number_of(Family family) { return family == Family::v4 ? AF_INET : AF_INET6; }

}  // namespace

std::optional<Family> family_of(int address_family) {
    if (address_family == AF_INET) return Family::v4;
    if (address_family == AF_INET6) return Family::v6;
    return std::nullopt;
}

std::optional<IpAddress> IpAddress::from(Family family, ByteView bytes) {
    if (bytes.size() != (family == Family::v4 ? 4 : 16)) return std::nullopt;
    IpAddress address(family);
    std::ranges::copy(bytes, address.bytes_.begin());
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string copy(text);
    for (const auto family : {Family::v4, Family::v6}) {
        IpAddress address(family);
        if (::inet_pton(number_of(family), copy.c_str(), address.bytes_.data()) == 1) {
            return address;
        }
    }
    return std::nullopt;
}

bool IpAddress::is_loopback() const {
    if (family_ == Family::v4) return bytes_[0] == std::byte{127};
    IpAddress loopback(Family::v6);
    loopback.bytes_.back() = std::byte{1};
    return *this == loopback;
}

bool IpAddress::is_multicast() const {
    if (family_ == Family::v6) return bytes_[0] == std::byte{0xff};
    return (bytes_[0] & std::byte{0xf0}) == std::byte{0xe0};
}

IpAddress IpAddress::unmapped() const {
    constexpr std::size_t kPrefix = 12;  // bytes
    const std::span all(bytes_);
    const bool mapped =
        family_ == Family::v6 && all[10] == std::byte{0xff} && all[11] == std::byte{0xff} &&
        std::ranges::all_of(all.first(10), [](std::byte octet) { return octet == std::byte{0}; });
    return mapped ? from(Family::v4, all.subspan(kPrefix)).value_or(*this) : *this;
}

std::string IpAddress::text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(number_of(family_), bytes_.data(), buffer, sizeof buffer);
    return buffer;
}

}  // namespace bulkhead::worker
