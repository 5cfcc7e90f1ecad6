// Findings of the bulkhead dialect (POST /v1/findings): each report is the whole set.
#pragma once
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class BulkheadFindings final : public FindingsDialect {
  public:
    bool takes_whole_set() const override { return true; }
    Exchange<> findings(const Identity& identity, const SystemInfo& system,
                        const std::vector<Finding>& findings) const override;
};

}  // namespace bulkhead::worker
