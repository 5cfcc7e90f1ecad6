// admit_artifact(): decides whether an eBPF artifact may be loaded on this host now. The broker and
// the dry run both call it, and nothing else decides. Like admit() it is a pure function.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/admission/admit.hpp"
#include "common/approval/artifact.hpp"

namespace bulkhead::admission {

// As a worker hands it to the broker. The views refer to memory of the caller.
struct ArtifactBytes {
    std::string_view elf;
    std::optional<std::string_view> manifest;  // absent: one of policy/approved with this digest
    std::string_view signatures;               // armored SSHSIGs
};

// Facts about the host now. With the initial values every artifact is refused.
struct ArtifactFacts {
    bool intake_suspended = true;
    std::string suspended_by;
    std::string loader_unusable = "not asked";  // why no loader can be started; empty: it can
    // Artifacts that are loaded now, without the one of the same id.
    unsigned loaded = 0;
    // Elsewhere by the same id and this manifest's digest: nothing to do.
    bool loaded_already = false;
    // Manifests, by digest, that an operator removed or the guard rolled back on this host, and so
    // are not loaded again before they are approved anew.
    std::vector<crypto::Digest> withdrawn;
};

struct ArtifactVerdict {
    bool admitted = false;
    Reason reason = Reason::undecided;  // of the first check that failed
    std::string detail;                 // at most kMaxDetail bytes; foreign text is quoted()
    std::string rule;                   // "pinned approved/count.artifact", "signed: 2 of net-ops"
    std::vector<std::string> signers;
    std::vector<SignedBy> signatures;
    std::optional<approval::ArtifactManifest> manifest;
    std::string_view manifest_bytes;
    crypto::Digest elf_digest{};
    std::vector<Check> checks;
};

// Makes all checks, even after one has failed. Time is judged as admit() judges it.
ArtifactVerdict admit_artifact(const ArtifactBytes& artifact, const policy::Policy& policy,
                               const ArtifactFacts& facts, const LedgerView& ledger, UnixTime now);

}  // namespace bulkhead::admission
