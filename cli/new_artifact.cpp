// `bulkhead new-artifact`: writes a manifest for an object file, which people then read and sign.
#include <cstdio>

#include "cli/base/files.hpp"
#include "cli/make_artifact.hpp"

namespace bulkhead::cli {

namespace {

// The policy that was named, for a command that is to ask the same one.
std::string policy_words(const Options& options) {
    std::string words;
    for (const std::string option : {"--policy", "--vendor-policy"}) {
        if (options.has(option)) words += " " + option + " " + shell_word(options.value(option));
    }
    return words;
}

std::string next_steps(const NewArtifact& artifact, const std::optional<PolicyCopy>& policy,
                       const std::string& policy_words) {
    const std::string pin = "root pins it: bulkhead pin M.artifact" + policy_words + "\n";
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
           shell_word(artifact.path) + " --approval APPROVAL.artifact" + policy_words + "\nor " +
           pin;
}

// Of a manifest that nobody can sign its author is told before people are asked to.
void note_if_nobody_signs(const PolicyCopy& copy) {
    const auto why = why_nobody_signs(copy.policy);
    if (why.empty()) return;
    std::fprintf(stderr, "note: by the policy %s nobody can sign it: %s\n", copy.directory.c_str(),
                 why.c_str());
}

}  // namespace

Result<int> new_artifact(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kArtifactOptions));
    const auto policy = TRY(policy_of_hosts(options));
    const auto artifact = TRY(make_artifact(options, By::signers, policy));
    TRY(print(artifact.text));
    if (policy) note_if_nobody_signs(*policy);
    if (!artifact.not_looked_at.empty()) {
        options.hint(
            "the object was not looked into, so whether it has what --program, --rodata "
            "and --drops-map name is not known: " +
            artifact.not_looked_at + "\n");
    }
    options.hint(next_steps(artifact, policy, policy_words(options)));
    return kDone;
}

}  // namespace bulkhead::cli
