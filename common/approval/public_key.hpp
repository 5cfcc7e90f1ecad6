// Public keys of signers: Ed25519, in software or in a hardware token.
#pragma once
#include <array>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

// A key is its point: two files may name its kind differently, it remains one key.
struct PublicKey {
    enum class Kind {
        ed25519,     // ssh-ed25519
        sk_ed25519,  // sk-ssh-ed25519@openssh.com, a FIDO token; each signature says it was touched
    };

    Kind kind = Kind::ed25519;
    std::array<std::byte, 32> point{};
    std::string application;  // of a token: "ssh:", and what the signer put after it

    friend bool operator==(const PublicKey& a, const PublicKey& b) { return a.point == b.point; }
};

// "ssh-ed25519" and the base64 word after it.
Result<PublicKey> parse_public_key(std::string_view type, std::string_view base64);

std::string_view key_type(PublicKey::Kind kind);
// As RFC 4251 writes it: what the base64 word encodes.
std::string key_blob(const PublicKey& key);
// "SHA256:..." as ssh-keygen -l prints it.
std::string fingerprint(const PublicKey& key);
// RFC 4251 `string`: big-endian length, then the bytes.
std::string ssh_string(std::string_view bytes);

}  // namespace bulkhead::approval
