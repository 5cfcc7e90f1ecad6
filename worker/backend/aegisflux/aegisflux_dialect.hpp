// AegisfluxDialect: the dialect of AegisFlux. It asks a registry which artifacts are assigned to
// this host (GET /artifacts/for-host/ID) and declines all of them: they hold code, which this
// version can neither vet nor load.
#pragma once
#include "worker/backend/aegisflux/aegisflux_enroll.hpp"

namespace bulkhead::worker {

class AegisfluxDialect final : public Dialect {
  public:
    explicit AegisfluxDialect(const AegisfluxOptions& options)
        : options_(options), enroll_(options) {}

    const DialectTraits& traits() const override;
    // The request that polls the registry; a registry learns of a host by it alone.
    Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                         const Heartbeat& beat) const override;
    const EnrollDialect* enrollment() const override {
        return options_.registration_url.empty() ? nullptr : &enroll_;
    }

  private:
    AegisfluxOptions options_;
    AegisfluxEnroll enroll_;
};

}  // namespace bulkhead::worker
