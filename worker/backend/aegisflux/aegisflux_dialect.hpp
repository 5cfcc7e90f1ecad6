// AegisfluxDialect: the dialect of AegisFlux. It asks a registry which artifacts are assigned to
// this host (GET /artifacts/for-host/ID).
#pragma once
#include "worker/backend/aegisflux/aegisflux_artifacts.hpp"
#include "worker/backend/aegisflux/aegisflux_enroll.hpp"
#include "worker/backend/aegisflux/aegisflux_presence.hpp"

namespace bulkhead::worker {

class AegisfluxDialect final : public Dialect {
  public:
    explicit AegisfluxDialect(const AegisfluxOptions& options)
        : options_(options), enroll_(options), presence_(options), artifacts_(options) {}

    const DialectTraits& traits() const override;
    // The request that polls the registry, which knows hosts by their ids and no agents.
    Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                         const Heartbeat& beat) const override;
    // The record of the agent; of a host that does not register, what the registry assigns to it.
    std::optional<Exchange<Standing>> ask_standing(const StandingQuestion& question) const override;
    const EnrollDialect* enrollment() const override {
        return options_.registration_url.empty() ? nullptr : &enroll_;
    }
    const PresenceDialect* presence() const override {
        return options_.registration_url.empty() ? nullptr : &presence_;
    }
    const ArtifactDialect* artifacts() const override { return &artifacts_; }

  private:
    AegisfluxOptions options_;
    AegisfluxEnroll enroll_;
    AegisfluxPresence presence_;
    AegisfluxArtifacts artifacts_;
};

}  // namespace bulkhead::worker
