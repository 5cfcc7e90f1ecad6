// Attacks that last: pressure on the broker while the test watches its time and memory.
#pragma once
#include <string_view>

#include "tests/malicious_worker/attacker.hpp"

namespace bulkhead::test {

// Says Hello, starts job "brief" (for deaf: "talker"), and until that has ended:
//     heads      asks for the audit head, as fast as it is answered
//     scripts    offers scripts of 4 MiB
//     memfds     offers three unsealed memfds at a time
//     valid      sends random well-formed requests with odd descriptors
//     deaf       leaves the job's output unread
//     lingering  offers sockets as scripts whose last close(2) takes a minute, one of them after
//                the other, and closes its own
// then reports how many were answered. Others:
//     garbage-greeting, -serving, -running, -draining
//                sends random frames at that moment, until one of them ends this process
//     forge      writes lines to its log that look like the broker's, and 100,000 more
//     once-more  starts a job and reports what came of it
// victim, thief and files: see backends_test.cpp.
void campaign(Attacker& attacker, std::string_view name);

}  // namespace bulkhead::test
