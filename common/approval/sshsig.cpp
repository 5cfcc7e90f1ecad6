#include "common/approval/sshsig.hpp"

#include <algorithm>
#include <string>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/crypto/ed25519.hpp"
#include "common/crypto/sha256.hpp"
#include "common/crypto/sha512.hpp"

namespace bulkhead::approval {

namespace {

constexpr std::string_view kMagic = "SSHSIG";
constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view kEnd = "\n-----END SSH SIGNATURE-----";
constexpr std::string_view kSpace = " \t\n\v\f\r";  // isspace(3), as in b64_pton
constexpr std::string_view kArmor =
    " \t\n\v\f\r+/=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kEd25519Size = 64;
constexpr std::size_t kTokenTail = 5;  // a byte of flags and a counter of four bytes
constexpr unsigned kTouched = 1;       // FIDO2 "user present"
constexpr unsigned kVerified = 4;      // FIDO2 "user verified"

// The bytes of the blob in front of the 64 bytes of the Ed25519 signature.
std::string expected_prefix(const PublicKey& key, std::string_view name_space) {
    const bool token = key.kind == PublicKey::Kind::sk_ed25519;
    const auto type = ssh_string(key_type(key.kind));
    const auto raw_length = ssh_string(std::string(kEd25519Size, '\0')).substr(0, 4);
    const auto inner = type.size() + 4 + kEd25519Size + (token ? kTokenTail : 0);
    std::string prefix(kMagic);
    prefix += std::string("\0\0\0\1", 4);  // version
    prefix += ssh_string(key_blob(key)) + ssh_string(name_space) + ssh_string("");
    prefix += ssh_string("sha512");
    prefix += ssh_string(std::string(inner, '\0')).substr(0, 4);
    return prefix + type + raw_length;
}

Result<Bytes> dearmor_one(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    if (line != kBegin) {
        // Shown where it reads as expected, and not where it may be somebody's private key.
        const bool alike = line.contains(kBegin) || line.find_first_not_of(kSpace) == line.npos;
        return fail("expected " + std::string(kBegin) +
                    (alike ? ", found \"" + quoted(line, 48) + '"' : ""));
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto end = text.find(kEnd);
    if (end == text.npos) return fail(std::string(kEnd.substr(1)) + " is missing");
    std::string base64;
    for (const char c : text.substr(0, end)) {
        if (!kArmor.contains(c)) return fail("odd character \"" + quoted({&c, 1}) + '"');
        if (!kSpace.contains(c)) base64 += c;
    }
    text.remove_prefix(end + kEnd.size());
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSpace)));
    return parse_base64(base64);
}

}  // namespace

Result<std::vector<Bytes>> dearmor(std::string_view text) {
    if (text.size() > kMaxSignatureText) return fail("signatures larger than 16384 bytes");
    std::vector<Bytes> blobs;
    while (!text.empty()) {
        const auto where = "signature " + std::to_string(blobs.size() + 1);
        if (blobs.size() == kMaxSignatures) return fail(where + ": more than 16 signatures");
        blobs.push_back(TRY(within(where, dearmor_one(text))));
    }
    return blobs;
}

std::string armored(ByteView blob) {
    constexpr std::size_t kArmorLine = 70;
    const auto base64 = to_base64(blob);
    auto text = std::string(kBegin) + "\n";
    for (std::size_t at = 0; at < base64.size(); at += kArmorLine) {
        text.append(at == 0 ? "" : "\n").append(base64, at, kArmorLine);
    }
    return text.append(kEnd).append("\n");
}

Match match_sshsig(ByteView blob, const PublicKey& key, std::string_view message,
                   std::string_view name_space) {
    const bool token = key.kind == PublicKey::Kind::sk_ed25519;
    const auto prefix = expected_prefix(key, name_space);
    const auto size = prefix.size() + kEd25519Size + (token ? kTokenTail : 0);
    if (blob.size() != size || !as_text(blob).starts_with(prefix)) return Match::other_key;

    const auto hash = crypto::sha512(as_bytes(message));
    auto expected = std::string(kMagic) + ssh_string(name_space) + ssh_string("") +
                    ssh_string("sha512") + ssh_string(as_text(hash));
    const auto signature = blob.subspan(prefix.size(), kEd25519Size);
    const auto tail = blob.subspan(prefix.size() + kEd25519Size);
    if (token) {
        // A token signs the hash of the application, its flags and counter, and the hash of the
        // message (PROTOCOL.u2f).
        if ((std::to_integer<unsigned>(tail[0]) & kTouched) == 0) return Match::invalid;
        const auto application = crypto::sha256(as_bytes(key.application));
        const auto digest = crypto::sha256(as_bytes(expected));
        expected = std::string(as_text(application)).append(as_text(tail)).append(as_text(digest));
    }
    return crypto::verify_ed25519(key.point, as_bytes(expected), signature) ? Match::valid
                                                                            : Match::invalid;
}

bool user_verified(ByteView blob) {
    if (blob.size() < kTokenTail) return false;
    const auto flags = std::to_integer<unsigned>(blob[blob.size() - kTokenTail]);
    return (flags & kVerified) != 0;
}

}  // namespace bulkhead::approval
