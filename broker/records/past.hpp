// What this host knows of its past beside the ledger: by it open() tells a first start from a lost
// ledger, and a ledger that is older than what was recorded of it from one that is not.
#pragma once
#include <optional>
#include <string>

#include "common/audit/chain.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

// An operator's request: bulkhead accept-lost-ledger makes this file beside the ledger.
inline constexpr std::string_view kAcceptanceFile = "accept-lost-ledger";

struct Past {
    crypto::Digest host{};     // see host_digest()
    std::string trace;         // the first that was found of an earlier life; empty: none
    std::optional<Head> mark;  // count and head of the ledger, as the audit log last had them
};

// `state` is STATE, `logs` the directory of the audit log. A first start has made no file yet.
Result<Past> look_back(const sys::Dir& state, const sys::Dir& logs);

// SHA-256 of "bulkhead-ledger LF ID" with the id in `etc`/machine-id (machine-id(5)): a clone has
// another. Zeros where there is no such id.
crypto::Digest host_digest(const sys::Dir& etc);

// The last count and head that the audit log has of the ledger: from audit.head, or where that has
// none from the newest "job-started" line.
Result<std::optional<Head>> read_ledger_mark(const sys::Dir& logs);

}  // namespace bulkhead::records
