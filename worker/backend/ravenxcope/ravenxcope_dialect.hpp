// RavenxcopeDialect: the dialect of RavenXcope's sensor agent 2.0.0
// (docs.ravenxcope.mataelang.net). An install token is exchanged once for a sensor token; each
// heartbeat, every 30 seconds, carries it in a header and in the body.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/backend/ravenxcope/ravenxcope_options.hpp"

namespace bulkhead::worker {

class RavenxcopeDialect final : public Dialect, EnrollDialect {
  public:
    explicit RavenxcopeDialect(RavenxcopeOptions options);

    const DialectTraits& traits() const override { return traits_; }
    Exchange<HeartbeatReceipt> heartbeat(const Identity& identity,
                                         const Heartbeat& beat) const override;
    const EnrollDialect* enrollment() const override { return this; }

  private:
    EnrollTraits enroll_traits() const override {
        return {.spends_token = true, .gives_again = false};
    }
    Exchange<Enrolled> enroll(const EnrollRequest& request) const override;
    void put_interfaces(JsonWriter& json, const NetworkFacts& network) const;

    RavenxcopeOptions options_;
    DialectTraits traits_;
};

}  // namespace bulkhead::worker
