#include "worker/duties/artifact_offer.hpp"

#include "common/approval/artifact.hpp"
#include "common/crypto/sha256.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::worker {

namespace {

Result<protocol::Handle> sealed(std::string_view name, std::string_view content) {
    return protocol::Handle{TRY(sys::sealed_memfd(name, as_bytes(content)))};
}

std::string digest_of(std::string_view bytes) {
    return crypto::hex(crypto::sha256(as_bytes(bytes)));
}

}  // namespace

std::string key_of(const AssignedArtifact& artifact) {
    std::string all;
    const auto size = artifact.size ? std::to_string(*artifact.size) : "";
    // The version says nothing where a checksum does.
    const auto& version = artifact.checksum.empty() ? artifact.version : artifact.checksum;
    for (const auto& part : {version, size, artifact.bundle_url, artifact.approval_url}) {
        all += std::to_string(part.size()) + ":" + part;
    }
    return digest_of(all);
}

Unpacked<Bundle> open_bundle(const AssignedArtifact& artifact, std::string_view bytes) {
    if (artifact.size && *artifact.size != bytes.size()) {
        return refuse("size-mismatch", "the backend says " + std::to_string(*artifact.size) +
                                           " bytes and sends " + std::to_string(bytes.size()));
    }
    const auto digest = digest_of(bytes);
    if (!artifact.checksum.empty() && artifact.checksum != digest) {
        return refuse("checksum-mismatch", "the backend says SHA-256 " + artifact.checksum +
                                               " and sends bytes of " + digest);
    }
    return read_bundle(bytes);
}

Result<Offer> make_offer(const std::string& id, const Bundle& bundle, std::string_view approval) {
    Offer offer{.request = {}, .elf = digest_of(bundle.elf), .manifest = {}};
    offer.request.delivery_id.value = TRY(protocol::Label::create(id));
    if (!approval.empty()) {
        const auto parts = TRY(approval::split_artifact_approval(approval));
        offer.manifest = digest_of(parts.manifest);
        offer.request.manifest = TRY(sealed("manifest", parts.manifest));
        if (!parts.signatures.empty()) {
            offer.request.signatures = TRY(sealed("signatures", parts.signatures));
        }
    }
    offer.request.elf = TRY(sealed("artifact", bundle.elf));
    return offer;
}

std::string_view word_of(protocol::ArtifactState state) {
    using enum protocol::ArtifactState;
    switch (state) {
        case failed:
            return "failed";
        case loading:
            return "loading";
        case loaded:
            return "loaded";
        case expired:
            return "expired";
        case removed:
            return "removed";
        case replaced:
            return "replaced";
        case rolled_back:
            return "rolled-back";
        case drifted:
            return "drifted";
    }
    return "failed";
}

std::string_view telemetry_word(std::string_view state) {
    if (state == "loaded") return "loaded";
    if (state == "rolled-back") return "rolled_back";
    if (state == "expired" || state == "removed" || state == "replaced") return "unloaded";
    return "error";
}

}  // namespace bulkhead::worker
