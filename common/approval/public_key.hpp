// Public keys of signers: Ed25519 keys in a file or in a FIDO token.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::approval {

// Keys are compared by their point alone: the same point under two kinds is the same key.
struct PublicKey {
    enum class Kind {
        ed25519,     // ssh-ed25519
        sk_ed25519,  // sk-ssh-ed25519@openssh.com: in a FIDO token that is touched to sign
    };

    Kind kind = Kind::ed25519;
    std::array<std::byte, 32> point{};
    std::string application;  // of a token key: "ssh:" and the text that its owner chose

    friend bool operator==(const PublicKey& a, const PublicKey& b) { return a.point == b.point; }
};

// `type` is a key type such as "ssh-ed25519", `base64` the word after it in a public key file, of
// at most 256 bytes.
Result<PublicKey> parse_public_key(std::string_view type, std::string_view base64);

// Two words of which the second is the base64 of a blob that begins with the first, as each public
// key of SSH does, whatever its type (RFC 4253, section 6.6).
struct AnyKey {
    std::optional<PublicKey> ed25519;  // the Ed25519 key that it is, or that it is a certificate of
};
std::optional<AnyKey> any_key(std::string_view type, std::string_view base64);

std::string_view key_type(PublicKey::Kind kind);
// The bytes that the base64 word encodes (RFC 8709, section 4; for tokens OpenSSH's PROTOCOL.u2f).
std::string key_blob(const PublicKey& key);
// "SHA256:" and base64, as `ssh-keygen -l` prints it.
std::string fingerprint(const PublicKey& key);
// The data type `string` of RFC 4251, section 5: a length of four bytes, big-endian, and the bytes.
std::string ssh_string(std::string_view bytes);

}  // namespace bulkhead::approval
