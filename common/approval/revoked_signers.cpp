#include "common/approval/revoked_signers.hpp"

#include <algorithm>

#include "common/approval/tolerant_lines.hpp"
#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::approval {

namespace {

using std::string_view;

constexpr string_view kFingerprint = "SHA256:";

// The fingerprint as fingerprint() writes it. `ssh-keygen -Q -l` of OpenSSH 9.2 prints some in hex.
Result<std::string> parse_fingerprint(string_view word) {
    auto text = std::string(word.substr(kFingerprint.size()));
    auto bytes = parse_hex(text);
    if (!bytes || bytes->size() != 32) {
        text.erase(std::min(text.find('='), text.size()));
        bytes = parse_base64(text + "=");
    }
    if (!bytes || bytes->size() != 32) {
        return fail("\"" + quoted(word, 80) + "\": not the SHA-256 of a key");
    }
    const auto base64 = to_base64(*bytes);
    return std::string(kFingerprint) + base64.substr(0, base64.find('='));
}

}  // namespace

bool Revocations::hold(const PublicKey& key) const {
    return std::ranges::count(keys, key) > 0 ||
           (!fingerprints.empty() && std::ranges::count(fingerprints, fingerprint(key)) > 0);
}

bool is_krl(string_view bytes) {
    return bytes.starts_with("SSHKRL");  // PROTOCOL.krl: the magic is "SSHKRL\n\0"
}

Result<bool> take_revocation(Revocations& revoked, string_view line) {
    auto parts = words(line);
    parts.erase(std::ranges::find_if(parts, [](auto word) { return word.starts_with('#'); }),
                parts.end());
    bool found = false;
    bool ours = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].starts_with(kFingerprint)) {
            revoked.fingerprints.push_back(TRY(parse_fingerprint(parts[i])));
            found = ours = true;
        }
        const auto key = i + 1 < parts.size() ? any_key(parts[i], parts[i + 1]) : std::nullopt;
        const bool signs = parts[i] == key_type(PublicKey::Kind::ed25519) ||
                           parts[i] == key_type(PublicKey::Kind::sk_ed25519);
        if (!key && signs) return fail("a key of type " + std::string(parts[i]) + ", but broken");
        if (!key) continue;
        found = true;
        ours = ours || key->ed25519;
        if (key->ed25519) revoked.keys.push_back(*key->ed25519);
    }
    if (found) return ours;
    return fail("\"" + quoted(line, 40) +
                "\": neither a public key nor SHA256:FINGERPRINT. It could be a revocation: write "
                "the key's line, or put # in front");
}

Result<Revocations> parse_revoked_signers(string_view text) {
    if (is_krl(text)) {
        return fail("is a binary KRL; put in its place what this prints: bulkhead revoke FILE");
    }
    if (text.size() > kMaxRevokedFile) return fail("larger than 1 MiB");
    Revocations revoked;
    Result<> done;
    each_line(text, [&](string_view line, unsigned number) {
        if (!done) return;
        const auto taken = take_revocation(revoked, line);
        if (!taken) done = within("line " + std::to_string(number), taken.error());
    });
    TRY(done);
    return revoked;
}

}  // namespace bulkhead::approval
