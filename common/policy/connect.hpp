// Rows "connect NET PORT": where the worker may connect to, and what no wide row reaches.
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

// IPv6, or IPv4 in the form that the kernel takes for it in an IPv6 socket, ::ffff:a.b.c.d.
using Address = std::array<std::uint8_t, 16>;

inline constexpr std::uint16_t kNamePort = 53;  // of name servers (RFC 1035)

// Reached by a row that lies within it, and by no wider one.
struct SpecialNet {
    Address network{};
    unsigned prefix = 0;
    std::string_view what;
    bool metadata = false;  // hands out what the machine knows, credentials often among it
};
std::vector<SpecialNet> special_nets();

// As inet_pton(3) takes it: four decimal numbers, or IPv6 without a scope.
std::optional<Address> parse_address(std::string_view text);
bool lies_in(const Address& address, const Address& network, unsigned prefix);
// What `row` lies within, if anything; `nets` as above.
const SpecialNet* special_of(const ConnectRow& row, std::span<const SpecialNet> nets);

// The words after the key of one more row: "any", an address or a network, and a port.
Result<> take_connect(std::vector<ConnectRow>& rows, Line& line);
// A port of any address, as 0.1 wrote it.
Result<> take_port(std::vector<ConnectRow>& rows, Line& line);
// "10.0.0.0/8 443"
std::string in_words(const ConnectRow& row);
// Each port once, in the order of the rows.
std::vector<std::uint16_t> ports_of(std::span<const ConnectRow> rows);

// Nothing wrong, or this host, which lacks the walls `missing`, can hold neither addresses nor
// ports of the worker's connections, and host.policy does not put up with that.
Result<> require_some_egress(const Policy& policy, std::span<const std::string> missing);

}  // namespace bulkhead::policy
