// BulkheadDialect: the dialect of this project's own API. Paths, bodies and status codes are those
// of openapi.yaml in this folder.
#pragma once
#include "worker/backend/bulkhead/bulkhead_artifacts.hpp"
#include "worker/backend/bulkhead/bulkhead_findings.hpp"
#include "worker/backend/bulkhead/bulkhead_inventory.hpp"
#include "worker/backend/bulkhead/bulkhead_jobs.hpp"
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class BulkheadDialect final : public Dialect, public EnrollDialect {
  public:
    const DialectTraits& traits() const override;
    Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                         const Heartbeat& beat) const override;
    std::optional<Exchange<Farewell>> say_good_bye(const Identity& identity) const override;
    Exchange<Enrolled> enroll(const EnrollRequest& request) const override;

    const EnrollDialect* enrollment() const override { return this; }
    const JobDialect* jobs() const override { return &jobs_; }
    const FindingsDialect* findings() const override { return &findings_; }
    const InventoryDialect* inventory() const override { return &inventory_; }
    const ArtifactDialect* artifacts() const override { return &artifacts_; }

  private:
    BulkheadJobs jobs_;
    BulkheadFindings findings_;
    BulkheadInventory inventory_;
    BulkheadArtifacts artifacts_;
};

}  // namespace bulkhead::worker
