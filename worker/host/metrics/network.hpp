// Counters of every network interface, from /proc/net/dev.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// Since the interface appeared. A counter may go back: interfaces come and go under one name.
struct Interface {
    std::string name;  // UTF-8; bytes that are not stand as \xNN
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_errors = 0;
};

Result<std::vector<Interface>> parse_interfaces(std::string_view net_dev);

}  // namespace bulkhead::worker
