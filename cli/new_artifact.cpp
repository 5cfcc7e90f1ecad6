// `bulkhead new-artifact`: writes a manifest for an object file, which people then read and sign.
#include "cli/base/files.hpp"
#include "cli/make_artifact.hpp"

namespace bulkhead::cli {

namespace {

std::string next_steps(const NewArtifact& artifact, const std::optional<PolicyCopy>& policy) {
    const std::string pin = "root pins it: bulkhead pin M.artifact\n";
    const auto& rule = policy ? policy->policy.artifact_approval : std::nullopt;
    if (policy && (!rule || rule->needs.empty())) {
        return "next: artifacts are for pinned ones there, so " + pin;
    }
    return "next: read the manifest; then the author and each signer, with it in a file "
           "M.artifact:\n"
           "  ssh-keygen -Y sign -n " +
           std::string(approval::kArtifactNamespace) +
           " -f KEY < M.artifact > M.NAME.sig\n"
           "then put the parts together, and ask what a host will say:\n"
           "  bulkhead seal M.artifact M.NAME.sig... > APPROVAL.artifact\n"
           "  bulkhead dry-run " +
           shell_word(artifact.path) + " --approval APPROVAL.artifact\nor " + pin;
}

}  // namespace

Result<int> new_artifact(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kArtifactOptions));
    const auto policy = TRY(policy_of_hosts(options));
    const auto artifact = TRY(make_artifact(options, By::signers, policy));
    TRY(print(artifact.text));
    options.hint(next_steps(artifact, policy));
    return kDone;
}

}  // namespace bulkhead::cli
