#include "common/policy/connect.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "common/base/parse.hpp"
#include "common/policy/walls.hpp"

namespace bulkhead::policy {

namespace {

constexpr unsigned kMapped = 96;  // bits of the prefix ::ffff:0:0/96

struct Named4 {
    std::uint8_t a, b, c, d;
    unsigned prefix;
    std::string_view what;
    bool metadata = false;
};
constexpr Named4 kSpecial4[] = {
    {0, 0, 0, 0, 8, "this host (RFC 1122, 3.2.1.3; connect(2) takes 0.0.0.0 for loopback)"},
    {127, 0, 0, 0, 8, "loopback"},
    // Metadata services in 169.254.0.0/16: .169.254 of AWS, Azure, Google, Oracle, DigitalOcean,
    // Hetzner, OpenStack and others, .170.2 of ECS, .170.23 of EKS, .42.42 of Scaleway, .0.23 of
    // Tencent.
    {169, 254, 0, 0, 16, "link-local, with the metadata services of clouds", true},
    {100, 100, 100, 200, 32, "Alibaba Cloud's metadata service", true},
    {168, 63, 129, 16, 32, "Azure's WireServer", true},
    {192, 0, 0, 192, 32, "Oracle Cloud Classic's metadata service", true},
    {224, 0, 0, 0, 4, "multicast"},
    {255, 255, 255, 255, 32, "broadcast"},
};

struct Named6 {
    std::uint16_t words[4];  // the first 64 bits; the others are zero
    unsigned prefix;
    std::string_view what;
    bool metadata = false;
};
constexpr Named6 kSpecial6[] = {
    // ::1 is loopback, and connect(2) to :: goes to loopback, too. The others are the deprecated
    // "IPv4-compatible" addresses (RFC 4291, section 2.5.5.1).
    {{0, 0, 0, 0}, 96, "loopback, and IPv4 in an old form"},
    {{0xfe80, 0, 0, 0}, 10, "link-local, with the metadata services of clouds", true},
    {{0xff00, 0, 0, 0}, 8, "multicast"},
    {{0xfd00, 0x0ec2, 0, 0}, 32, "AWS's metadata and other services", true},
    {{0xfd20, 0x00ce, 0, 0}, 32, "Google Cloud's metadata service", true},
    {{0xfd00, 0x00c1, 0, 0}, 32, "Oracle Cloud's metadata service", true},
    {{0xfd00, 0x0042, 0, 0}, 32, "Scaleway's metadata service", true},
    {{0xfd00, 0xa9fe, 0xa9fe, 0}, 48, "Akamai's (Linode's) metadata service", true},
};

bool is_mapped(const Address& address, unsigned prefix) {
    return prefix >= kMapped && lies_in(address, parse_address("0.0.0.0").value(), kMapped);
}

// True if no bit behind the prefix is set.
bool is_network(const Address& address, unsigned prefix) {
    for (unsigned bit = prefix; bit < 128; ++bit) {
        if ((address[bit / 8] & (0x80U >> bit % 8)) != 0) return false;
    }
    return true;
}

Address masked(Address address, unsigned prefix) {
    for (unsigned bit = prefix; bit < 128; ++bit) {
        address[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
    }
    return address;
}

std::string in_words(const Address& address, unsigned prefix) {
    if (prefix == 0) return "any";
    char text[INET6_ADDRSTRLEN] = "";
    const bool old = is_mapped(address, prefix);
    ::inet_ntop(old ? AF_INET : AF_INET6, address.data() + (old ? 12 : 0), text, sizeof text);
    const auto shown = old ? prefix - kMapped : prefix;
    return text + (prefix == 128 ? "" : "/" + std::to_string(shown));
}

Result<> take_port_of(ConnectRow row, std::vector<ConnectRow>& rows, Line& line) {
    row.port = static_cast<std::uint16_t>(TRY(line.number(1, 65535)));
    if (rows.size() == kMaxPorts) return line.wrong("one port too many; 64 is the most");
    rows.push_back(std::move(row));
    return {};
}

}  // namespace

bool lies_in(const Address& address, const Address& network, unsigned prefix) {
    return masked(address, prefix) == network;
}

std::optional<Address> parse_address(std::string_view text) {
    const std::string copy(text);
    Address address{};
    if (::inet_pton(AF_INET, copy.c_str(), address.data() + 12) == 1) {
        address[10] = address[11] = 0xff;
        return address;
    }
    if (::inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
    return std::nullopt;
}

std::vector<SpecialNet> special_nets() {
    std::vector<SpecialNet> nets;
    for (const auto& one : kSpecial4) {
        const std::uint8_t bytes[4] = {one.a, one.b, one.c, one.d};
        // An IPv4 network is also reached through a translator (NAT64, RFC 6052) or a 6to4 tunnel
        // (RFC 3056), so it is special in these two forms as well.
        std::pair<Address, unsigned> forms[] = {{parse_address("::ffff:0:0").value(), 12},
                                                {parse_address("64:ff9b::").value(), 12},
                                                {parse_address("2002::").value(), 2}};
        for (auto& [network, at] : forms) {
            std::copy(std::begin(bytes), std::end(bytes), network.begin() + at);
            nets.push_back({network, at * 8 + one.prefix, one.what, one.metadata});
        }
    }
    for (const auto& one : kSpecial6) {
        SpecialNet net{.prefix = one.prefix, .what = one.what, .metadata = one.metadata};
        for (std::size_t i = 0; i < std::size(one.words); ++i) {
            net.network[2 * i] = static_cast<std::uint8_t>(one.words[i] >> 8);
            net.network[2 * i + 1] = static_cast<std::uint8_t>(one.words[i]);
        }
        nets.push_back(net);
    }
    return nets;
}

const SpecialNet* special_of(const ConnectRow& row, std::span<const SpecialNet> nets) {
    for (const auto& net : nets) {
        if (row.prefix >= net.prefix && lies_in(row.network, net.network, net.prefix)) return &net;
    }
    return nullptr;
}

Result<> take_connect(std::vector<ConnectRow>& rows, Line& line) {
    ConnectRow row{.source = line.source()};
    if (!line.accept("any")) {
        const auto text = TRY(line.word("any, an address or a network"));
        row.source.column = line.column();
        const auto slash = text.find('/');
        const auto address = parse_address(text.substr(0, slash));
        if (!address) {
            return line.wrong(text.find('%') != text.npos
                                  ? "an address without %; interfaces are not looked at"
                                  : "expected any, an address or a network, as 192.0.2.7, "
                                    "10.0.0.0/8 or 2001:db8::/32; names are not looked up");
        }
        const bool old = text.find(':') == text.npos;
        const unsigned most = old ? 32 : 128;
        const auto length =
            slash == text.npos ? most : parse_number<unsigned>(text.substr(slash + 1));
        if (!length || *length > most) {
            return line.wrong("expected a prefix from 0 to " + std::to_string(most));
        }
        row.network = *address;
        row.prefix = *length + (old ? kMapped : 0);
        if (!is_network(row.network, row.prefix)) {
            return line.wrong("bits are set behind the prefix; write: " +
                              in_words(masked(row.network, row.prefix), row.prefix));
        }
        const auto mapped = parse_address("0.0.0.0").value();
        if (!old && (row.prefix < kMapped ? lies_in(mapped, row.network, row.prefix)
                                          : is_mapped(row.network, row.prefix))) {
            return line.wrong("holds IPv4 addresses too; write those as IPv4, or: any");
        }
    }
    return take_port_of(std::move(row), rows, line);
}

Result<> take_port(std::vector<ConnectRow>& rows, Line& line) {
    return take_port_of({.source = line.source()}, rows, line);
}

std::string in_words(const ConnectRow& row) {
    return in_words(row.network, row.prefix) + " " + std::to_string(row.port);
}

std::vector<std::uint16_t> ports_of(std::span<const ConnectRow> rows) {
    std::vector<std::uint16_t> ports;
    for (const auto& row : rows) {
        if (std::ranges::count(ports, row.port) == 0) ports.push_back(row.port);
    }
    return ports;
}

Result<> require_some_egress(const Policy& policy, std::span<const std::string> missing) {
    const auto lacks = [&](std::string_view wall) {
        return std::ranges::find(missing, wall) != missing.end();
    };
    const bool waived =
        std::ranges::find(policy.waivers, kEgressWall, &WallLine::wall) != policy.waivers.end();
    if (waived || !lacks(kEgressWall) || !lacks("landlock-net")) return {};
    return fail(
        "this host can hold a worker that was taken over neither to addresses (egress, BPF in "
        "cgroups, Linux 4.17) nor to ports (landlock-net, Linux 6.7); to start it all the same, "
        "write into host.policy: without egress  # why");
}

}  // namespace bulkhead::policy
