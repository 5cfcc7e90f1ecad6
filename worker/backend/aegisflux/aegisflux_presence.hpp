// Presence of the AegisFlux dialect (actions-api): POST /agents/heartbeat, by which a backend of
// 2026 tells a host that is online from one that is gone; and GET /agents/UID where the backend is
// older and has no heartbeats. Both backends keep their agents in memory alone.
#pragma once
#include "worker/backend/aegisflux/aegisflux_options.hpp"
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class AegisfluxPresence final : public PresenceDialect {
  public:
    explicit AegisfluxPresence(AegisfluxOptions options) : options_(std::move(options)) {}

    std::chrono::seconds interval() const override { return options_.presence_interval; }
    Exchange<Presence> presence(const Identity& identity,
                                const PresenceReport& report) const override;

  private:
    AegisfluxOptions options_;
};

}  // namespace bulkhead::worker
