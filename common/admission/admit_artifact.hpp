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

struct LoadedArtifact {
    std::string id;
    crypto::Digest manifest{};
};

// Facts about the host now. With the initial values every artifact is refused.
struct ArtifactFacts {
    bool intake_suspended = true;
    std::string suspended_by;
    std::string loader_unusable = "not asked";  // why no loader can be started; empty: it can
    std::vector<LoadedArtifact> loaded;         // now
    // Manifests that an operator removed or the guard rolled back on this host, and so are not
    // loaded again before they are approved anew.
    std::vector<crypto::Digest> withdrawn;
};

struct ArtifactVerdict : Judgement {
    std::optional<approval::ArtifactManifest> manifest;
    crypto::Digest elf_digest{};
    // An artifact of this id and manifest is loaded: there is nothing to do.
    bool loaded_already = false;
};

// The detail of artifacts_not_enabled.
inline constexpr const char* kNoRules =
    "there is no artifacts.policy; an operator who wants artifacts on this host writes one";

// Makes all checks, even after one has failed. Time is judged as admit() judges it.
ArtifactVerdict admit_artifact(const ArtifactBytes& artifact, const policy::Policy& policy,
                               const ArtifactFacts& facts, const LedgerView& ledger, UnixTime now);

}  // namespace bulkhead::admission
