// revoked_signers: the file of the keys that approve nothing any more. ssh-keygen -Y verify -r
// reads a list of public keys; here a line may be whatever holds a key (a .pub file,
// authorized_keys, allowed_signers, a specification of a KRL) or the fingerprint of one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/public_key.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::size_t kMaxRevokedFile = 1024 * 1024;  // bytes

struct Revocations {
    std::vector<PublicKey> keys;
    std::vector<std::string> fingerprints;  // "SHA256:...", as fingerprint() writes them
    // True if the key is one of `keys` or has one of the fingerprints.
    bool hold(const PublicKey& key) const;
};

// Each line holds one key at least: the words "ssh-ed25519 AAAA..." wherever they stand, also as a
// certificate, which revokes the key inside, or the word "SHA256:" and the fingerprint in base64 or
// hex. Keys of types that cannot sign here are passed over. Blank lines and what begins with # are
// comments. A line without any of it, or with a broken key of a type that signs here, could be
// a revocation, so it is an error: "line 2: ...". So are a KRL (ssh-keygen(1), KEY REVOCATION
// LISTS) and more than kMaxRevokedFile bytes.
Result<Revocations> parse_revoked_signers(std::string_view text);

// Takes what one such line revokes; false if it is a key of another type. For `bulkhead revoke`.
Result<bool> take_revocation(Revocations& revoked, std::string_view line);

// Whether the bytes are a KRL.
bool is_krl(std::string_view bytes);

}  // namespace bulkhead::approval
