// Registration of the AegisFlux dialect (actions-api, /agents/register/init and /complete): the
// host signs the backend's nonce with an Ed25519 key of its own.
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
    Result<Adopted> adopt(const OriginalIdentity& files) const override;
    // True where the backend names agents by their key (2026). An older one gives each registration
    // another id.
    bool renews(const Identity& identity, const Secret& key) const override;
    // The first of two requests; the answer to it yields the second (Enrolled::next).
    Exchange<Enrolled> enroll(const EnrollRequest& request) const override;

  private:
    AegisfluxOptions options_;
};

}  // namespace bulkhead::worker
