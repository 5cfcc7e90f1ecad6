// Approvals that end soon.
#pragma once
#include <string>
#include <vector>

#include "broker/context/context.hpp"

namespace bulkhead::broker {

struct Expiring {
    std::string what;  // "pinned job" or "signer"
    std::string name;
    UnixTime at;
};

// Pinned jobs that end within 14 days or have ended, and keys that end within 14 days: a key that
// has ended may stay listed, for what it signed before. Not a one-shot job that has run. The
// earliest first, 32 at most.
std::vector<Expiring> expiring(const Context& broker, UnixTime now);

}  // namespace bulkhead::broker
