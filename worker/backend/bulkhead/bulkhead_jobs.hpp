// Jobs of the bulkhead dialect (/v1/jobs): fetched by long poll; output is sent by offset, then one
// result.
#pragma once
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class BulkheadJobs final : public JobDialect {
  public:
    const JobTraits& traits() const override;
    Exchange<JobNews> next_job(const Identity& identity, const SystemInfo& system,
                               std::chrono::seconds wait) const override;
    Exchange<OutputReceipt> output(const Identity& identity, OutputChunk chunk) const override;
    Exchange<> result(const Identity& identity, const JobResult& result) const override;
};

}  // namespace bulkhead::worker
