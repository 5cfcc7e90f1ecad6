#include "common/approval/public_key.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::approval {

namespace {

// Takes a string of RFC 4251 from the beginning of `blob`; an empty one if there is none.
std::string_view take_string(std::string_view& blob) {
    constexpr std::size_t kLength = 4;
    std::size_t size = 0;
    for (std::size_t i = 0; i < kLength && i < blob.size(); ++i) {
        size = size << 8 | static_cast<unsigned char>(blob[i]);
    }
    blob.remove_prefix(std::min(kLength, blob.size()));
    const auto text = blob.substr(0, size <= blob.size() ? size : 0);
    blob.remove_prefix(text.size());
    return text;
}

constexpr std::string_view kCertificate = "-cert-v01@openssh.com";

}  // namespace

std::string ssh_string(std::string_view bytes) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>(bytes.size() >> shift & 0xff);
    }
    return out.append(bytes);
}

std::string_view key_type(PublicKey::Kind kind) {
    return kind == PublicKey::Kind::sk_ed25519 ? "sk-ssh-ed25519@openssh.com" : "ssh-ed25519";
}

std::string key_blob(const PublicKey& key) {
    auto blob = ssh_string(key_type(key.kind)) + ssh_string(as_text(key.point));
    if (key.kind == PublicKey::Kind::sk_ed25519) blob += ssh_string(key.application);
    return blob;
}

std::string fingerprint(const PublicKey& key) {
    const auto text = to_base64(crypto::sha256(as_bytes(key_blob(key))));
    return "SHA256:" + text.substr(0, text.find('='));
}

Result<PublicKey> parse_public_key(std::string_view type, std::string_view base64) {
    PublicKey key;
    if (type == key_type(PublicKey::Kind::sk_ed25519)) {
        key.kind = PublicKey::Kind::sk_ed25519;
    } else if (type != key_type(key.kind)) {
        return fail("expected a key of type ssh-ed25519 or sk-ssh-ed25519@openssh.com");
    }
    if (base64.size() > 256) return fail("key is too long");
    const auto blob = TRY(parse_base64(base64));
    const auto head = ssh_string(type).size() + 4;  // the type, then the length of the point
    if (blob.size() < head + key.point.size()) return fail("key is too short");
    std::copy_n(blob.begin() + static_cast<std::ptrdiff_t>(head), key.point.size(),
                key.point.begin());
    if (key.kind == PublicKey::Kind::sk_ed25519) {
        const auto rest = as_text(blob).substr(head + key.point.size());
        key.application = rest.substr(std::min<std::size_t>(4, rest.size()));
        if (!key.application.starts_with("ssh:")) return fail("application is not \"ssh:...\"");
    }
    // The blob is encoded again and compared, so that no length field inside it has to be trusted.
    if (key_blob(key) != as_text(blob)) return fail("not the encoding of a " + std::string(type));
    return key;
}

std::optional<AnyKey> any_key(std::string_view type, std::string_view base64) {
    const auto blob = parse_base64(base64);
    if (!blob || type.empty()) return std::nullopt;
    auto rest = as_text(*blob);
    if (take_string(rest) != type) return std::nullopt;
    const bool token = type.starts_with("sk-ssh-ed25519");
    if (!token && !type.starts_with("ssh-ed25519")) return AnyKey{};
    if (type.ends_with(kCertificate)) take_string(rest);  // the nonce, PROTOCOL.certkeys
    const auto point = take_string(rest);
    PublicKey key{.kind = token ? PublicKey::Kind::sk_ed25519 : PublicKey::Kind::ed25519};
    // A key that cannot be read might be one that is meant.
    if (point.size() != key.point.size()) return std::nullopt;
    std::ranges::copy(as_bytes(point), key.point.begin());
    key.application = token ? take_string(rest) : "";
    return AnyKey{key};
}

}  // namespace bulkhead::approval
