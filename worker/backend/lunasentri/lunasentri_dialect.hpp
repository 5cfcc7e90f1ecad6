// The LunaSentri dialect: one request, POST /agent/metrics with an API key, and 202 is its only
// success.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/lunasentri/lunasentri_options.hpp"

namespace bulkhead::worker {

class LunasentriDialect final : public Dialect {
  public:
    explicit LunasentriDialect(const LunasentriOptions& options);

    const DialectTraits& traits() const override { return traits_; }
    Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                         const Heartbeat& beat) const override;

  private:
    DialectTraits traits_;
    std::string user_agent_;
};

}  // namespace bulkhead::worker
