// Whatever the files hold: every principal of a line that counts is a plain name, every key has its
// only encoding, and nobody of a refused line counts by another one.
#include <algorithm>

#include "common/approval/allowed_signers.hpp"
#include "common/approval/manifest.hpp"
#include "common/approval/revoked_jobs.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

void check_key(const approval::PublicKey& key) {
    const auto base64 = to_base64(as_bytes(approval::key_blob(key)));
    const auto again = approval::parse_public_key(approval::key_type(key.kind), base64);
    fuzz::require(again && *again == key && again->application == key.application);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    if (const auto all = approval::parse_allowed_signers(text)) {
        for (const auto& signer : all->signers) {
            fuzz::require(!signer.principals.empty());
            if (!signer.refused.empty()) continue;
            for (const auto& name : signer.principals) {
                fuzz::require(approval::is_principal(name));
                const auto same = [&](const approval::IdleLine& line) {
                    return line.principals == "*" || line.principals == name;
                };
                fuzz::require(std::ranges::none_of(all->refused, same));
            }
            check_key(signer.key);
        }
    }
    if (const auto revoked = approval::parse_revoked_signers(text)) {
        for (const auto& key : revoked->keys) fuzz::require(revoked->hold(key));
        for (const auto& one : revoked->fingerprints) {
            fuzz::require(one.starts_with("SHA256:") && one.size() == 50);
        }
    }
    if (const auto jobs = approval::parse_revoked_jobs(text)) {
        for (const auto& job : *jobs) {
            fuzz::require(job.manifest.has_value() != approval::is_job_id(job.job_id));
        }
    }
    return 0;
}
