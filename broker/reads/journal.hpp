// Records a worker's readings in the audit log: each outcome once, and not again at each scan.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "broker/records/audit.hpp"
#include "broker/records/audit_quota.hpp"

namespace bulkhead::broker {

class ReadJournal {
  public:
    using Time = records::AuditQuota::Time;
    static constexpr std::size_t kMostKnown = 8'192;

    // Writes an event unless `reason` is the last one known for the row and the path. An error when
    // it could not be written.
    Result<> note(records::Audit& audit, std::string_view row, std::string_view path,
                  std::string_view reason, Time now);

  private:
    std::map<std::string, std::string, std::less<>> known_;  // outcome by row and path
    records::AuditQuota refusals_;
};

}  // namespace bulkhead::broker
