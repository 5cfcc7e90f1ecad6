// Names of the audit log's files: audit.log, and its rotated parts, of which audit.log.1 is the
// youngest.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::records {

inline constexpr std::string_view kAuditLog = "audit.log";

inline std::string rotated_name(int number) {
    return std::string(kAuditLog) + "." + std::to_string(number);
}

}  // namespace bulkhead::records
