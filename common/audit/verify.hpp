// Whether an audit log is whole: for its readers. Root only writes it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/audit/chain.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::records {

struct AuditSummary {
    std::uint64_t first = 0;  // "seq" of the oldest line kept: 1, or the chain's beginning is gone
    Head head;                // of the last good line
    struct Fault {
        std::size_t file = 0;
        std::uint64_t line = 0;  // counted from 1 in that file
        std::string why;
    };
    std::optional<Fault> fault;  // the first
};

// Reads a log and its rotated parts, oldest first, in constant memory. An error means that a file
// could not be read; what is wrong with the log is in the summary. A changed line shows at the line
// after it, whose "prev" no longer fits; a log cut short, or changed in its very last line, only
// against a head that was kept elsewhere.
Result<AuditSummary> verify_audit(std::span<const sys::Fd> oldest_first,
                                  std::optional<Head> expected = {});

// The files of a log that are in `dir`, oldest first: the order in which verify_audit() wants them.
Result<std::vector<std::string>> list_audit_set(const sys::Dir& dir);
Result<std::vector<sys::Fd>> open_audit_set(const sys::Dir& dir);

}  // namespace bulkhead::records
