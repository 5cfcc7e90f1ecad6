// Artifacts of the bulkhead dialect: GET /v1/artifacts/{id}/bundle, GET /v1/artifacts/{id}/approval
// and PUT /v1/artifacts/{id}/state. Which are assigned the answer to a heartbeat says.
#pragma once
#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

// The member "artifacts" of an answer to a heartbeat; an element that is none is declined.
Result<> read_artifacts(const JsonValue& answer, HeartbeatReceipt& receipt);

class BulkheadArtifacts final : public ArtifactDialect {
  public:
    Result<std::vector<Exchange<Found>>> bundle(const Identity& identity,
                                                const AssignedArtifact& artifact,
                                                std::string_view base_url) const override;
    Result<Exchange<Found>> approval(const Identity& identity, const AssignedArtifact& artifact,
                                     std::string_view base_url, std::size_t place) const override;
    std::optional<Exchange<>> report(const Identity& identity,
                                     const ArtifactReport& report) const override;
};

}  // namespace bulkhead::worker
