// The exit statuses of the broker.
#pragma once
#include "common/base/result.hpp"

namespace bulkhead::broker {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;  // also wrong settings: a restart does not mend them
// The program was replaced: the service manager starts the new one (RestartForceExitStatus= of the
// unit; with an older unit Restart=on-failure does). 150 to 199 are for applications (LSB).
inline constexpr int kRestart = 150;

// Marks an error in what an operator wrote (kind wrong_input): the broker exits with kBadUsage.
template <class T>
Result<T> input(Result<T> read) {
    if (!read) read.error().kind = Error::Kind::wrong_input;
    return read;
}

}  // namespace bulkhead::broker
