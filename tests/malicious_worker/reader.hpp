// Whoever has taken the config reader over. MALICE_READER says what it tells root, MALICE_BACKENDS
// of which backends (main), and what else of its environment begins with MALICE_ it hands to their
// workers as settings; of MALICE_ORDERS that of MALICE_ORDERS_NAME, if there is one.
//     honest         well-formed
//     shadow         the same, with /etc/shadow for a credential
//     unconfined     the same, without having closed its doors
//     garbage        a frame that is none
//     worker         what only a worker may ask
//     ill-formed, repeated, none, seventeen, unsealed, too-long   lists that root cannot take
//     twice          a second list after the first
//     lingers        and stays
//     silent         nothing
#pragma once
#include "tests/malicious_worker/attacker.hpp"

namespace bulkhead::test {

int stand_in_for_reader();

// In a worker: into its environment.
void take_settings(const Attacker& attacker);

}  // namespace bulkhead::test
