// `bulkhead new-job`: writes a manifest for a script, which people then read and sign.
#include "cli/base/files.hpp"
#include "cli/make_job.hpp"

namespace bulkhead::cli {

namespace {

// What there is to be done with the manifest.
std::string next_steps(const NewJob& job, const std::optional<PolicyCopy>& policy) {
    const auto script = shell_word(job.path);
    const auto* rule =
        policy ? policy::find(policy->policy.approvals, job.manifest.profile) : nullptr;
    const auto pin =
        "root pins the script with bulkhead pin instead of new-job, and the same "
        "options: no signature\n";
    if (policy && (rule == nullptr || rule->needs.empty())) {
        return "next: profile " + job.manifest.profile + " is for pinned jobs there, so " + pin;
    }
    return "next: the author and each signer read the script and the manifest, in a file M; "
           "whether\n"
           "M is of this script, and what it could do:\n"
           "  bulkhead dry-run " +
           script +
           " --manifest M --assume-signed [--policy DIR]\nthen each signs:\n"
           "  ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY < M > M.NAME.sig\n"
           "(KEY is a private key, also one in a token, or the .pub file of a key in ssh-agent)\n"
           "then put the parts together:\n"
           "  bulkhead seal " +
           script + " M M.NAME.sig... > SIGNED\nor " + pin;
}

}  // namespace

Result<int> new_job(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kJobOptions));
    const auto policy = TRY(policy_of_hosts(options));
    const auto job = TRY(make_job(options, By::signers, policy));
    TRY(print(job.text));
    options.hint(next_steps(job, policy));
    return kDone;
}

}  // namespace bulkhead::cli
