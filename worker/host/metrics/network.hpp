// Counters of every network interface, from /proc/net/dev (proc(5)).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// Counters since the interface was created. A counter decreases when an interface is removed and
// another one gets its name, when its driver resets it, and, with drivers that count in 32 bits,
// when it wraps: whoever takes differences drops one that is negative.
struct Interface {
    std::string name;  // UTF-8; a name that is not is written as quoted() writes it
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_errors = 0;
};

// Sums over interfaces; one that does not fit stays at the largest number. They decrease when an
// interface goes.
struct Traffic {
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
};
Traffic traffic_of(const std::vector<Interface>& interfaces);

// Parses the whole file. Errors: other than two heading lines, a line that is cut off, or one that
// has not 16 numbers.
Result<std::vector<Interface>> parse_interfaces(std::string_view net_dev);

}  // namespace bulkhead::worker
