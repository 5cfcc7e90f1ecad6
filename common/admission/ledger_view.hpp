// What admit() may know of the past: a value, so that the decision stays a pure function.
#pragma once
#include <span>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::admission {

// One job that was started on this host, whatever became of it.
struct PastRun {
    crypto::Digest manifest;         // SHA-256 of the manifest's bytes
    crypto::Digest job_id_digest;    // SHA-256 of its JobId
    crypto::Digest delivery_digest;  // SHA-256 of "backend LF DeliveryId"
    UnixTime started;
    UnixTime not_after;  // the record may be forgotten once the clock floor has passed this
};

struct LedgerView {
    std::span<const PastRun> runs;
    UnixTime clock_floor;  // the latest time ever persisted: a clock turned back revives nothing
    bool full = false;     // no room for another record: nothing may start
};

}  // namespace bulkhead::admission
