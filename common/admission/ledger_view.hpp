// The part of the broker's ledger that admit() uses. It is passed in, so that admit() is a pure
// function.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::admission {

// A job that was started on this host, however it ended.
struct PastRun {
    crypto::Digest manifest;         // SHA-256 of the manifest's bytes
    crypto::Digest job_key;          // see job_key()
    crypto::Digest delivery_digest;  // SHA-256 of "backend LF DeliveryId"
    UnixTime started;
    UnixTime not_after;        // of a one-shot job: when its approval ends
    std::uint32_t period = 0;  // seconds that its quota reaches back; 0: of a one-shot job
};

// What a one-shot job is known by: a job id belongs to the profile whose approvers named it.
inline crypto::Digest job_key(std::string_view profile, std::string_view job_id) {
    return crypto::sha256(as_bytes(std::string(profile) + "\n" + std::string(job_id)));
}

// Whether the ledger remembers all that was started on this host.
enum class Memory {
    whole = 0,
    lost,         // its file is gone beside traces of an earlier life: no one-shot may start
    rolled_back,  // it is older than what the audit log says: nothing may start
};

struct LedgerView {
    std::span<const PastRun> runs;
    UnixTime clock_floor;     // the latest time that a trusted clock showed; see admit()
    UnixTime unsure_floor{};  // the latest that any other showed
    // The first trusted time of this ledger, where it has one. A one-shot job that was approved
    // from an earlier time on may have run before the ledger was born.
    std::optional<UnixTime> birth{};
    // The birth is that of a memory which followed a loss: whatever policy says, no one-shot job
    // that was approved earlier may start.
    bool after_loss = false;
    Memory memory = Memory::whole;
    // Until then a one-shot job that was approved from then or earlier on may be one that a rewrite
    // of the ledger has dropped: past unless a clock ran far ahead and was reset.
    UnixTime dropped_once{};
    // The same of starts that a quota may count.
    UnixTime dropped_quota{};
    bool full = false;  // true: the ledger has no room for another record, so no job may start
    bool full_for_repeatable = false;  // their share is used up; one-shot jobs may start
};

}  // namespace bulkhead::admission
