// Rows "connect NET PORT": the addresses and ports that the worker may connect to; and the special
// networks that a wider row does not include.
#pragma once
#include <netinet/in.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/lines.hpp"
#include "common/policy/policy.hpp"

namespace bulkhead::policy {

// An IPv6 address in network byte order. An IPv4 address is mapped to ::ffff:a.b.c.d (RFC 4291,
// section 2.5.5.2).
using Address = std::array<std::uint8_t, 16>;

inline constexpr std::uint16_t kNamePort = 53;  // of name servers (RFC 1035)

// A network that only rows within it include. A wider row, such as "any", does not.
struct SpecialNet {
    Address network{};
    unsigned prefix = 0;
    std::string_view what;
    bool metadata = false;  // has a cloud's metadata service, which often hands out credentials
};
std::vector<SpecialNet> special_nets();

// Four decimal numbers with dots, or an IPv6 address without a scope, as inet_pton(3) takes them.
std::optional<Address> parse_address(std::string_view text);
// `prefix` is in bits, 0..128; the bits of `network` behind it are 0.
bool lies_in(const Address& address, const Address& network, unsigned prefix);
// The first of `nets` that contains the row's network; nullptr if none does.
const SpecialNet* special_of(const ConnectRow& row, std::span<const SpecialNet> nets);

// Appends the row of a line "connect": after the key "any", an address or a network, and a port.
Result<> take_connect(std::vector<ConnectRow>& rows, Line& line);
// Appends the row of a line "tcp-connect", the form of 0.1: a port, of any address.
Result<> take_port(std::vector<ConnectRow>& rows, Line& line);
// "10.0.0.0/8 443"
std::string in_words(const ConnectRow& row);
// The ports of the rows without duplicates, in the order of the rows.
std::vector<std::uint16_t> ports_of(std::span<const ConnectRow> rows);

// An error if a host that lacks the walls `missing` can restrict the worker's connections neither
// by address nor by port, and host.policy does not say "without egress".
Result<> require_some_egress(const Policy& policy, std::span<const std::string> missing);

}  // namespace bulkhead::policy
