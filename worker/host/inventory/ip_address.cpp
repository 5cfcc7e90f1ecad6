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

std::string IpAddress::text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(number_of(family_), bytes_.data(), buffer, sizeof buffer);
    return buffer;
}

}  // namespace bulkhead::worker
