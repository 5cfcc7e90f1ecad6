// The list of artifacts that a registry assigns to this host. AegisFlux has three registries that
// answer at one URL, each in another form.
#pragma once
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "worker/backend/dialect/messages.hpp"

namespace bulkhead::worker {

struct ArtifactList {
    std::vector<AssignedArtifact> assigned;
    std::vector<Declined> declined;  // elements that are no artifact, and members without effect
};

// Parses {"artifacts":[{"artifact_id"}]}, {"artifacts":[{"id"}]}, [{"artifact_id"}], or null for an
// empty list; at most 512 elements. An element without a usable id is declined and no error, so
// that the others still count. Errors: invalid JSON, another form, too many elements.
Result<ArtifactList> parse_artifact_list(std::string_view body);

}  // namespace bulkhead::worker
