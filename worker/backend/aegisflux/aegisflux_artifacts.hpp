// Artifacts of the AegisFlux dialect: GET of bundle_url, else /artifacts/ID/binary, else
// /bundles/ID. None of its registries has approvals; where one is put beside the bundle it is found
// (approval()).
#pragma once
#include "worker/backend/aegisflux/aegisflux_options.hpp"
#include "worker/backend/dialect/dialect.hpp"

namespace bulkhead::worker {

class AegisfluxArtifacts final : public ArtifactDialect {
  public:
    explicit AegisfluxArtifacts(AegisfluxOptions options) : options_(std::move(options)) {}

    Result<std::vector<Exchange<Found>>> bundle(const Identity& identity,
                                                const AssignedArtifact& artifact,
                                                std::string_view base_url) const override;
    // At approval_url; else behind ".artifact" at bundle_url or /bundles/ID, or at
    // /artifacts/ID/approval: beside where the bundle was.
    Result<Exchange<Found>> approval(const Identity& identity, const AssignedArtifact& artifact,
                                     std::string_view base_url, std::size_t place) const override;
    // By the keys of the option verify_key_file.
    SignatureCheck check_signature(const AssignedArtifact& artifact,
                                   std::string_view bundle) const override;

  private:
    AegisfluxOptions options_;
};

}  // namespace bulkhead::worker
