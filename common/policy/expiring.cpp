#include "common/policy/expiring.hpp"

#include <algorithm>

namespace bulkhead::policy {

std::vector<Expiring> expiring(const Grants& policy, UnixTime now, std::chrono::seconds soon) {
    std::vector<Expiring> found;
    const auto add = [&](const char* what, const std::string& name, std::optional<UnixTime> from,
                         UnixTime at, const std::string& where) {
        // Of what was meant for a week two weeks would be always.
        const auto within = from ? std::min<std::chrono::seconds>(soon, (at - *from) / 4) : soon;
        if (at >= now && at < now + within) found.push_back({what, name, at, where});
    };
    for (const auto& [name, job] : policy.approved) {
        const auto digest = crypto::sha256(as_bytes(job.bytes));
        const auto names = [&](const auto& row) {
            return row.names(digest, job.manifest.job_id.value);
        };
        if (std::ranges::any_of(policy.revoked_jobs, names)) continue;
        add("pinned job", name, job.manifest.not_before, job.manifest.not_after,
            "approved/" + name + ".manifest");
    }
    for (const auto& [name, pinned] : policy.approved_artifacts) {
        const auto& artifact = pinned.manifest;
        const auto names = [&](const auto& row) {
            return row.names_artifact(artifact.digest, artifact.id);
        };
        if (std::ranges::any_of(policy.revoked_jobs, names)) continue;
        add("pinned artifact", name, artifact.not_before, artifact.not_after,
            "approved/" + name + ".artifact");
    }
    for (const auto& signer : policy.signers.signers) {
        if (!signer.valid_before || policy.signers.is_revoked(signer.key)) continue;
        add("signer", signer.principals.front(), signer.valid_after, *signer.valid_before,
            "allowed_signers:" + std::to_string(signer.line));
    }
    if (policy.host.accept_v1_until) {
        add("manifests of format v1", "accept-v1", std::nullopt, *policy.host.accept_v1_until,
            "host.policy");
    }
    std::ranges::sort(found, {}, &Expiring::at);
    return found;
}

}  // namespace bulkhead::policy
