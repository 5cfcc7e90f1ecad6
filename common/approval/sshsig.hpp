// SSHSIG: what `ssh-keygen -Y sign -n bulkhead-job-v1 -f KEY FILE` writes (OpenSSH,
// PROTOCOL.sshsig).
//
// For a given key everything in the blob but the signature itself is known beforehand. So nothing
// is parsed: the expected bytes are built from a key that is already trusted, and compared.
#pragma once
#include <string_view>
#include <vector>

#include "common/approval/public_key.hpp"
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

inline constexpr std::string_view kNamespace = "bulkhead-job-v1";
inline constexpr std::size_t kMaxSignatures = 16;
inline constexpr std::size_t kMaxSignatureText = 16 * 1024;  // all of them together, armored

// Takes the armor off signatures that follow one another. Lines end with LF alone and nothing
// stands before, between or after them; ssh-keygen itself ignores text after the end.
Result<std::vector<Bytes>> dearmor(std::string_view text);

enum class Match {
    other_key,  // not of this key, or not of this shape: another namespace, hash, key type
    invalid,    // names this key, but is not its signature of these bytes
    valid,
};

// Does `blob` hold a signature of `message` by `key`, made for `name_space` with SHA-512? Of a
// token the signature must also say that somebody touched it.
Match match_sshsig(ByteView blob, const PublicKey& key, std::string_view message,
                   std::string_view name_space = kNamespace);

}  // namespace bulkhead::approval
