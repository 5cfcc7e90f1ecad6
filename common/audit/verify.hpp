// Checks that an audit log is complete and unchanged. Programs that read logs use it; the broker
// only writes them.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/audit/chain.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

struct AuditSummary {
    std::uint64_t first = 0;  // "seq" of the oldest line kept: 1, or more if lines were removed
    Head head;                // after the last line without a fault
    struct Fault {
        std::size_t file = 0;    // index into the files that were given
        std::uint64_t line = 0;  // counted from 1 in that file
        std::string why;
    };
    std::optional<Fault> fault;  // the first one; reading stops there
};

// Reads a log and its rotated parts, oldest first, with one buffer of kMaxLine bytes. An error
// means that a file could not be read; a fault of the log is in the summary. A changed line is
// found at the next line, whose "prev" no longer is its hash. A missing end, or a change of the
// last line, is found only if `expected` is a head that was stored elsewhere.
Result<AuditSummary> verify_audit(std::span<const sys::Fd> oldest_first,
                                  std::optional<Head> expected = {});

// The files of a log that are in `dir`, audit.log.100 and younger, in the order that verify_audit()
// takes: oldest first.
Result<std::vector<std::string>> list_audit_set(const sys::Dir& dir);
Result<std::vector<sys::Fd>> open_audit_set(const sys::Dir& dir);

}  // namespace bulkhead::records
