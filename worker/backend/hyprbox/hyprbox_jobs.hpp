// Jobs of the HyprBox dialect (/api/jobs): claimed one at a time after a heartbeat. stdout and
// stderr are sent as one text, in order and without offsets.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/hyprbox/hyprbox_options.hpp"

namespace bulkhead::worker {

class HyprboxJobs final : public JobDialect {
  public:
    explicit HyprboxJobs(HyprboxOptions options) : options_(std::move(options)) {}

    const JobTraits& traits() const override;
    Exchange<JobNews> next_job(const Identity& identity, const SystemInfo& system,
                               std::chrono::seconds wait) const override;
    Exchange<OutputReceipt> output(const Identity& identity, OutputChunk chunk) const override;
    Exchange<> result(const Identity& identity, const JobResult& result) const override;

  private:
    HyprboxOptions options_;
};

}  // namespace bulkhead::worker
