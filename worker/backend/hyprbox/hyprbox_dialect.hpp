// HyprboxDialect: the dialect of HyprBox (documentation at docs.hyprlcore.com). The node token
// comes from the configuration; jobs are fetched after each accepted heartbeat.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/hyprbox/hyprbox_findings.hpp"
#include "worker/backend/hyprbox/hyprbox_jobs.hpp"

namespace bulkhead::worker {

class HyprboxDialect final : public Dialect {
  public:
    explicit HyprboxDialect(const HyprboxOptions& options);

    const DialectTraits& traits() const override { return traits_; }
    Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                         const Heartbeat& beat) const override;
    const JobDialect* jobs() const override { return &jobs_; }
    const FindingsDialect* findings() const override { return &findings_; }

  private:
    HyprboxOptions options_;
    DialectTraits traits_;
    HyprboxJobs jobs_;
    HyprboxFindings findings_;
};

}  // namespace bulkhead::worker
