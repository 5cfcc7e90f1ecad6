// What of a policy ends soon by itself.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "common/policy/policy.hpp"

namespace bulkhead::policy {

inline constexpr std::chrono::seconds kSoon = std::chrono::days(14);

struct Expiring {
    std::string what;   // "pinned job", "pinned artifact", "signer" or "manifests of format v1"
    std::string name;   // of the job or the principal; "accept-v1"
    UnixTime at;        // the last second in which it counts
    std::string where;  // its file, and line if there is one
};

// What counts at `now` and will not `soon` seconds later, or not a quarter of its whole time later
// where that is less, the earliest first: pinned manifests,
// keys of allowed_signers, and that v1 is taken. What is revoked is left out.
std::vector<Expiring> expiring(const Grants& policy, UnixTime now,
                               std::chrono::seconds soon = kSoon);

}  // namespace bulkhead::policy
