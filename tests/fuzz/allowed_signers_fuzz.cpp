// Whatever the files hold: every principal is a plain name and every key has its only encoding.
#include "common/approval/allowed_signers.hpp"
#include "common/approval/manifest.hpp"
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
    if (const auto signers = approval::parse_allowed_signers(text)) {
        for (const auto& signer : *signers) {
            fuzz::require(!signer.principals.empty());
            for (const auto& name : signer.principals) fuzz::require(approval::is_principal(name));
            check_key(signer.key);
        }
    }
    if (const auto keys = approval::parse_revoked_signers(text)) {
        for (const auto& key : *keys) check_key(key);
    }
    return 0;
}
