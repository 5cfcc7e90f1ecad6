#include <array>
#include <utility>

#include "broker/handlers/handlers.hpp"
#include "broker/handlers/start.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::broker {

namespace {

using admission::Reason;

constexpr std::uint64_t kMaxSignatures = 16_KiB;

// A copy in memory of ours is what is judged and run. The seals are required so that reading is
// harmless: only a memfd can have all four (F_GET_SEALS, fcntl(2)), so root never waits for a pipe
// or a FUSE server, and its size is final. See docs/decisions/copy-after-seal.md.
Result<std::string> sealed_bytes(const sys::Fd& fd, std::uint64_t max) {
    TRY(sys::require_sealed(fd, max));
    return sys::read_from_start(fd, max);
}

}  // namespace

// Safe because: nothing runs that admit() has not found approved, byte for byte, by policy's
// signers or by policy itself; the bytes judged are the bytes run, from a memfd of our own; and the
// ledger holds the start before the process exists.
Result<protocol::StartReply> handle(const protocol::StartJob& request, const Caller& caller,
                                    Context& broker) {
    StartRequest asked(caller.backend, request);
    const auto script = sealed_bytes(request.script.fd, approval::kMaxScript);
    Result<std::string> manifest{""};
    Result<std::string> signatures{""};
    if (request.manifest) manifest = sealed_bytes(request.manifest->fd, approval::kMaxManifest);
    if (request.signatures) signatures = sealed_bytes(request.signatures->fd, kMaxSignatures);
    for (const auto* bytes :
         std::array{&script, &std::as_const(manifest), &std::as_const(signatures)}) {
        if (*bytes) continue;
        const auto& error = bytes->error();
        const auto reason =
            error.kind == Error::Kind::too_large ? Reason::size_exceeded : Reason::not_sealed;
        return recorded_reply(admission::refuse(reason, error.what), asked, broker);
    }
    asked.job.script = *script;
    if (request.manifest) asked.job.manifest = *manifest;
    asked.job.signatures = *signatures;
    return start(asked, broker);
}

}  // namespace bulkhead::broker
