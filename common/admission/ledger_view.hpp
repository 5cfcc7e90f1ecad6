// The part of the broker's ledger that admit() uses. It is passed in, so that admit() is a pure
// function.
#pragma once
#include <span>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::admission {

// A job that was started on this host, however it ended.
struct PastRun {
    crypto::Digest manifest;         // SHA-256 of the manifest's bytes
    crypto::Digest job_id_digest;    // SHA-256 of its JobId
    crypto::Digest delivery_digest;  // SHA-256 of "backend LF DeliveryId"
    UnixTime started;
    UnixTime not_after;  // the ledger may drop the record once the clock floor is later
};

struct LedgerView {
    std::span<const PastRun> runs;
    UnixTime clock_floor;  // the latest time in the ledger; see admit()
    bool full = false;     // true: the ledger has no room for another record, so no job may start
};

}  // namespace bulkhead::admission
