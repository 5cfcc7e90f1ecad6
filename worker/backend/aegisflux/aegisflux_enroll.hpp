// Registration of the AegisFlux dialect: a key of the host's own, a nonce, a signature over it.
#pragma once
#include "worker/backend/aegisflux/aegisflux_options.hpp"
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class AegisfluxEnroll final : public EnrollDialect {
  public:
    explicit AegisfluxEnroll(AegisfluxOptions options) : options_(std::move(options)) {}

    EnrollTraits enroll_traits() const override { return {.sends_addresses = true}; }
    bool needs_token() const override { return false; }
    Result<Secret> make_key() const override;
    Result<> check_key(const Secret& key) const override;
    // Of two steps: what the first is answered yields the second.
    Exchange<Enrolled> enroll(const EnrollRequest& request) const override;

  private:
    AegisfluxOptions options_;
};

}  // namespace bulkhead::worker
