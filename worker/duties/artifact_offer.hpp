// What is made of a bundle before the broker is asked, and what its answers are called.
#pragma once
#include <string>
#include <string_view>

#include "common/protocol/artifacts.hpp"
#include "worker/backend/dialect/artifacts.hpp"
#include "worker/bundle/bundle.hpp"

namespace bulkhead::worker {

// What the backend said of an artifact's bytes: an artifact whose key is another is another.
std::string key_of(const AssignedArtifact& artifact);

// Size and checksum are what the backend says, and the bytes are a bundle.
Unpacked<Bundle> open_bundle(const AssignedArtifact& artifact, std::string_view bytes);

struct Offer {
    protocol::OfferArtifact request;
    std::string elf;       // SHA-256, 64 hex digits
    std::string manifest;  // the same; empty: none goes along
};
// `approval` may be empty: then policy has one for this object, or it is refused. Errors: the
// approval has another form.
Result<Offer> make_offer(const std::string& id, const Bundle& bundle, std::string_view approval);

// "loaded", "rolled-back"...
std::string_view word_of(protocol::ArtifactState state);
// The same in the words of AegisFlux' agents: "loaded", "unloaded", "error", "rolled_back".
std::string_view telemetry_word(std::string_view state);

}  // namespace bulkhead::worker
