// SSHSIG: the signature format of `ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY FILE` (OpenSSH,
// PROTOCOL.sshsig).
//
// For a given key all bytes of the blob but the signature are known. So this code parses no blob:
// it builds the expected bytes from an allowed key and compares them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/approval/public_key.hpp"
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::string_view kNamespace = "bulkhead-job-v1";
inline constexpr std::size_t kMaxSignatures = 16;
inline constexpr std::size_t kMaxSignatureText = 16 * 1024;  // bytes of all, with their armor

// The blobs of armored signatures that follow each other. White space within and behind the armor
// is ignored, as by ssh-keygen(1); other text behind it, which ssh-keygen ignores too, is an error.
Result<std::vector<Bytes>> dearmor(std::string_view text);

// One signature as ssh-keygen(1) writes it: its armor, in lines of 70 bytes.
std::string armored(ByteView blob);

enum class Match {
    other_key,  // the blob names another key, key type, namespace or hash, or has another size
    invalid,    // the blob names this key, but the signature is not valid for these bytes
    valid,
};

// Compares `blob` with a signature of `message` by `key` for `name_space` with SHA-512. A signature
// by a token is invalid if its flag "user present" is not set.
Match match_sshsig(ByteView blob, const PublicKey& key, std::string_view message,
                   std::string_view name_space = kNamespace);

// Whether a token says in `blob`, which must be a valid signature by one, that it verified its user
// by PIN or fingerprint (FIDO2 "user verified"; OpenSSH's option verify-required).
bool user_verified(ByteView blob);

}  // namespace bulkhead::approval
