// The list of artifacts that a registry assigns to this host. AegisFlux has three registries that
// answer at one URL, each in another form.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct AssignedArtifact {
    std::string id;          // as received, unchecked; at most 4096 bytes
    std::string odd;         // why check_artifact_id() refuses it; empty: it accepts it
    bool is_signed = false;  // signature and signature_algorithm are not empty
};

// Parses {"artifacts":[{"artifact_id"}]}, {"artifacts":[{"id"}]}, [{"artifact_id"}], or null for an
// empty list; at most 512 elements. An element without an id gets an AssignedArtifact::odd and is
// no error, so that the others still count. Errors: invalid JSON, another form, too many elements.
Result<std::vector<AssignedArtifact>> parse_artifact_list(std::string_view body);

// Accepts 1..128 characters of [A-Za-z0-9._-] without a leading dot: such an id can name a file.
Result<> check_artifact_id(std::string_view id);

}  // namespace bulkhead::worker
