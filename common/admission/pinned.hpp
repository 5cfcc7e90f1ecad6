// Manifests of approved/ that no host of this policy runs.
#pragma once
#include <string>
#include <vector>

#include "common/admission/admit.hpp"

namespace bulkhead::admission {

struct RefusedPin {
    std::string file;  // "approved/clean.manifest"
    Reason reason = Reason::undecided;
    std::string detail;
};

// Those that admit() refuses for what manifest and policy say, whatever host, time and ledger are.
std::vector<RefusedPin> refused_pins(const policy::Policy& policy, const HostFacts& facts,
                                     UnixTime now);

}  // namespace bulkhead::admission
