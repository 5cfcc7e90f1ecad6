// Addresses and networks of Match blocks in sshd_config, as addr_pton_cidr() of OpenSSH's addr.c
// takes them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct SshdNetwork {
    std::vector<std::uint8_t> bytes;  // 4 or 16, in network order
    std::size_t length = 0;           // of the prefix, in bits; of an address all of them
    std::string scope;                // "%eth0", or ""
};

// nullopt: it is none, and sshd takes it for a pattern. Error: the prefix is too long, or the
// address has bits behind it, so that sshd does not start.
Result<std::optional<SshdNetwork>> parse_sshd_network(std::string_view text);
// "10.0.0.0/8"; of an address without its length, as inet_ntop(3) writes it.
std::string text_of(const SshdNetwork& network);
bool holds(const SshdNetwork& network, const SshdNetwork& address);

}  // namespace bulkhead::worker
