// An artifact that was admitted: the bytes that were judged, kept so that they can be judged again.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/artifact.hpp"
#include "common/protocol/artifacts.hpp"

namespace bulkhead::broker {

// "loaded", "rolled-back"; never renamed.
constexpr std::string_view name_of(protocol::ArtifactState state) {
    constexpr std::array<std::string_view, 8> kNames{
        "failed", "loading", "loaded", "expired", "removed", "replaced", "rolled-back", "drifted"};
    return kNames.at(static_cast<std::size_t>(state));
}

// Backends that offered it, each with the last delivery that brought it.
using Bringers = std::map<std::string, protocol::DeliveryId, std::less<>>;

struct ApprovedArtifact {
    approval::ArtifactManifest manifest;
    std::string manifest_bytes;
    std::string signatures;  // armored
    sys::Fd elf;             // a sealed memfd of ours
    std::string rule;        // by which it was admitted
    std::vector<std::string> signers;
    std::vector<std::string> keys;               // of valid signatures, with fingerprints
    std::vector<std::string> signature_digests;  // SHA-256 of each, in the same order
    UnixTime admitted{};
};
using ApprovedPtr = std::shared_ptr<const ApprovedArtifact>;

}  // namespace bulkhead::broker
