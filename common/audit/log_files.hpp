// The audit log's files: audit.log, and what was rotated away, audit.log.1 being the youngest.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/dir.hpp"

namespace bulkhead::records {

inline constexpr std::string_view kAuditLog = "audit.log";

std::string rotated_name(int number);
// Those that are in `dir`, oldest first: the order in which verify_audit() wants them.
Result<std::vector<std::string>> list_audit_set(const sys::Dir& dir);
Result<std::vector<sys::Fd>> open_audit_set(const sys::Dir& dir);

}  // namespace bulkhead::records
