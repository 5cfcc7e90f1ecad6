#include "broker/artifacts/artifacts.hpp"
#include "broker/handlers/handlers.hpp"
#include "common/approval/sshsig.hpp"

namespace bulkhead::broker {

namespace {

using admission::Reason;

// As for a job: see docs/decisions/copy-after-seal.md.
Result<std::string> sealed_bytes(const sys::Fd& fd, std::uint64_t max) {
    TRY(sys::require_sealed(fd, max));
    return sys::read_from_start(fd, max);
}

protocol::OfferReply refused(Reason reason, std::string_view detail) {
    protocol::OfferReply reply;
    reply.reason = protocol::Code::clipped(admission::code(reason));
    reply.detail = protocol::Detail::clipped(detail);
    return reply;
}

}  // namespace

// Safe because: without artifacts.policy nothing of it is read; nothing is loaded that
// admit_artifact() has not found approved, byte for byte, by policy's signers or by policy itself;
// a loader gets a memfd of ours with the bytes that were judged; and what it hands back is held
// only if the kernel says that it is what the manifest says.
Result<protocol::OfferReply> handle(const protocol::OfferArtifact& request, const Caller& caller,
                                    Context& broker) {
    if (broker.artifacts == nullptr) {
        return refused(Reason::loader_unusable, "one pass loads no artifacts");
    }
    if (!broker.policy->policy.artifacts) {
        return broker.artifacts->refused(caller.backend.str(), request.delivery_id,
                                         Reason::artifacts_not_enabled, admission::kNoRules);
    }
    const auto elf = sealed_bytes(request.elf.fd, approval::kMaxElf);
    Result<std::string> manifest{""};
    Result<std::string> signatures{""};
    if (request.manifest) manifest = sealed_bytes(request.manifest->fd, approval::kMaxManifest);
    if (request.signatures) {
        signatures = sealed_bytes(request.signatures->fd, approval::kMaxSignatureText);
    }
    for (const auto* bytes : {&elf, &std::as_const(manifest), &std::as_const(signatures)}) {
        if (*bytes) continue;
        const auto& error = bytes->error();
        const auto reason =
            error.kind == Error::Kind::too_large ? Reason::size_exceeded : Reason::not_sealed;
        return broker.artifacts->refused(caller.backend.str(), request.delivery_id, reason,
                                         error.what);
    }
    ArtifactOffer offer{.backend = caller.backend.str(),
                        .delivery_id = request.delivery_id,
                        .elf = *elf,
                        .manifest = std::nullopt,
                        .signatures = *signatures};
    if (request.manifest) offer.manifest = *manifest;
    return broker.artifacts->offer(std::move(offer));
}

}  // namespace bulkhead::broker
