// What the ledger of this host remembers of earlier jobs, for a dry run that is made there.
#pragma once
#include <optional>
#include <string>

#include "broker/records/history.hpp"
#include "cli/base/options.hpp"
#include "cli/base/policy_copy.hpp"
#include "common/admission/ledger_view.hpp"

namespace bulkhead::cli {

// Names the directory below which the broker keeps its ledger.
inline constexpr Option kState{"--state", Option::Takes::once};

struct HostMemory {
    std::optional<records::History> history;  // absent: not read
    std::string why_not;                      // why it was not; empty if it was
    bool is_host = false;                     // the policy that is asked is the one of this host
    bool asks_now = true;                     // the question is about the time that it is

    // As admit() is given it on the host, by the file alone. Without a history it is the view of a
    // host on which no job was ever started. Valid as long as this object.
    admission::LedgerView view() const;
};

// Reads STATE/broker/ledger, if --state names it, or if the question is about this host: it asks
// the policy of this host, under the names that this host has. The file is not locked, and what is
// being appended to it is not seen. An error if --state names what is no ledger: a wrong().
Result<HostMemory> remember(const Options& options, const PolicyCopy& copy);

// Whether a broker of this version could go on with what is in STATE/broker: an error where a later
// version wrote it, or where it does not read back. What this user may not read is no error.
Result<> check_state(const std::string& state);

}  // namespace bulkhead::cli
