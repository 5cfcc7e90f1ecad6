// The AegisFlux dialect: asks a registry which artifacts this host is assigned, and declines them
// all: what they carry is executable, and this version has nothing that could vet or load it.
#pragma once
#include "worker/backend/aegisflux/aegisflux_enroll.hpp"

namespace bulkhead::worker {

class AegisfluxDialect final : public Dialect {
  public:
    explicit AegisfluxDialect(AegisfluxOptions options) : options_(options), enroll_(options) {}

    const DialectTraits& traits() const override;
    // The poll: it is all that the registry sees of a host.
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
