#include "worker/host/scanners/sshd_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kLongest = 63;    // bytes of a text that sshd does not take for a pattern
constexpr unsigned kLongestMask = 128;  // the same, of a prefix

bool bit_of(const std::vector<std::uint8_t>& bytes, std::size_t at) {
    return (bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

// A scope that getaddrinfo(3) takes: a number, or of a link-local address the name of an interface.
bool is_scope(std::string_view scope, const std::vector<std::uint8_t>& bytes) {
    const bool is_local = (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
                          (bytes[0] == 0xff && (bytes[1] & 0x0f) == 0x02);
    return !scope.empty() && (is_local || parse_number<std::uint32_t>(scope));
}

// What getaddrinfo(3) takes with AI_NUMERICHOST, of IPv4 each form of inet_aton(3): "10.1".
std::optional<SshdNetwork> parse_address(const std::string& text) {
    in_addr four{};
    // inet_aton(3) ignores what stands behind a blank.
    if (text.find_first_of(" \t\n\v\f\r") == text.npos && ::inet_aton(text.c_str(), &four) != 0) {
        SshdNetwork network{.bytes = std::vector<std::uint8_t>(4), .length = 32, .scope = {}};
        for (std::size_t i = 0; i < 4; ++i) {
            network.bytes[i] = static_cast<std::uint8_t>(ntohl(four.s_addr) >> (24 - 8 * i));
        }
        return network;
    }
    const auto percent = std::min(text.find('%'), text.size());
    std::vector<std::uint8_t> bytes(16);
    if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), bytes.data()) != 1) return {};
    if (percent < text.size() && !is_scope(std::string_view(text).substr(percent + 1), bytes)) {
        return {};
    }
    return SshdNetwork{.bytes = std::move(bytes), .length = 128, .scope = text.substr(percent)};
}

}  // namespace

Result<std::optional<SshdNetwork>> parse_sshd_network(std::string_view text) {
    if (text.size() > kLongest) return std::nullopt;
    const auto slash = std::min(text.find('/'), text.size());
    auto network = parse_address(std::string(text.substr(0, slash)));
    if (!network || slash == text.size()) return network;
    const auto length = parse_number<unsigned>(text.substr(slash + 1));
    if (!length || *length > kLongestMask) return std::nullopt;
    if (*length > network->length)
        return fail("the prefix of " + std::string(text) + " is too long");
    for (std::size_t bit = *length; bit < network->length; ++bit) {
        if (bit_of(network->bytes, bit)) {
            return fail("the address of " + std::string(text) + " has bits behind its prefix");
        }
    }
    network->length = *length;
    return network;
}

std::string text_of(const SshdNetwork& network) {
    const bool is_four = network.bytes.size() == 4;
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(is_four ? AF_INET : AF_INET6, network.bytes.data(), text.data(), text.size());
    const bool is_address = network.length == network.bytes.size() * 8;
    return text.data() + network.scope + (is_address ? "" : "/" + std::to_string(network.length));
}

bool holds(const SshdNetwork& network, const SshdNetwork& address) {
    if (network.bytes.size() != address.bytes.size() || network.scope != address.scope)
        return false;
    if (address.length < network.length) return false;
    for (std::size_t bit = 0; bit < network.length; ++bit) {
        if (bit_of(network.bytes, bit) != bit_of(address.bytes, bit)) return false;
    }
    return true;
}

}  // namespace bulkhead::worker
