// LunasentriDialect: the dialect of LunaSentri (apps/api-go). Its one request is POST
// /agent/metrics with an API key; only 202 is a success, because the server answers 200 to any
// unknown path.
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
    // A report that cannot be read.
    std::optional<Exchange<Standing>> ask_standing(const StandingQuestion& question) const override;

  private:
    DialectTraits traits_;
    std::string user_agent_;
};

}  // namespace bulkhead::worker
