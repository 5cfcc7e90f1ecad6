// What a registry assigns to this host. Three servers answer on one URL, each in a shape of its
// own.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct AssignedArtifact {
    std::string id;          // as it was sent, whatever it is
    std::string odd;         // why it cannot be an id; empty: it can, and may name a file
    bool is_signed = false;  // carries a signature and names its algorithm
};

// {"artifacts":[{"artifact_id"}]}, {"artifacts":[{"id"}]}, [{"artifact_id"}] or null: nothing. An
// element that has neither is an odd one, not an error: the others are still assigned.
Result<std::vector<AssignedArtifact>> parse_artifact_list(std::string_view body);

// 1..128 of [A-Za-z0-9._-], no leading dot.
Result<> check_artifact_id(std::string_view id);

}  // namespace bulkhead::worker
