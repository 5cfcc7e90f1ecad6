// Offers of eBPF artifacts, by a worker that has been taken over.
#pragma once
#include "tests/malicious_worker/attacker.hpp"

namespace bulkhead::test {

// Says Hello, and offers what lies in the state directory: NAME.elf, in the order of names, with
// NAME.manifest and NAME.signatures if they are there. Reports the broker's answer as "offer-NAME".
void offer_artifacts(Attacker& attacker);

}  // namespace bulkhead::test
