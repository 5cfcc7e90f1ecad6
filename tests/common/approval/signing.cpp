#include "tests/common/approval/signing.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <memory>
#include <stdexcept>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::test {

using approval::ssh_string;
using Kind = approval::PublicKey::Kind;

namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

void require(bool done) {
    if (!done) throw std::runtime_error("libcrypto refused");
}

Key load(const std::array<std::byte, 32>& seed) {
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                         reinterpret_cast<const unsigned char*>(seed.data()),
                                         seed.size()));
    require(key != nullptr);
    return key;
}

std::string ed25519(const Key& key, std::string_view message) {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::string signature(64, '\0');
    auto size = signature.size();
    require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(message.data()),
                           message.size()) == 1);
    return signature;
}

std::string hashed(std::string_view name, std::string_view message) {
    if (name == "sha256") return std::string(as_text(crypto::sha256(as_bytes(message))));
    std::string digest(SHA512_DIGEST_LENGTH, '\0');
    ::SHA512(reinterpret_cast<const unsigned char*>(message.data()), message.size(),
             reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

std::string wrapped(std::string_view head, ByteView blob, std::string_view foot) {
    auto text = std::string(head);
    const auto base64 = to_base64(blob);
    for (std::size_t at = 0; at < base64.size(); at += 70) {
        text.append(base64, at, 70).append("\n");
    }
    return text.append(foot);
}

}  // namespace

SigningKey::SigningKey(std::string_view name, Kind kind) : seed_(crypto::sha256(as_bytes(name))) {
    public_.kind = kind;
    if (kind == Kind::sk_ed25519) public_.application = "ssh:";
    auto size = public_.point.size();
    require(EVP_PKEY_get_raw_public_key(load(seed_).get(),
                                        reinterpret_cast<unsigned char*>(public_.point.data()),
                                        &size) == 1);
}

std::string SigningKey::line() const {
    return std::string(approval::key_type(public_.kind)) + " " +
           to_base64(as_bytes(approval::key_blob(public_)));
}

std::string SigningKey::private_file() const {
    const auto point = std::string(as_text(public_.point));
    const auto type = ssh_string("ssh-ed25519");
    auto secret = std::string(8, '\0') + type + ssh_string(point) +
                  ssh_string(std::string(as_text(seed_)) + point) + ssh_string("test");
    for (char pad = 1; secret.size() % 8 != 0; ++pad) secret += pad;
    const auto blob = std::string("openssh-key-v1\0", 15) + ssh_string("none") +
                      ssh_string("none") + ssh_string("") + std::string("\0\0\0\1", 4) +
                      ssh_string(approval::key_blob(public_)) + ssh_string(secret);
    return wrapped("-----BEGIN OPENSSH PRIVATE KEY-----\n", as_bytes(blob),
                   "-----END OPENSSH PRIVATE KEY-----\n");
}

Bytes SigningKey::sign(std::string_view message, Options options) const {
    const auto context = ssh_string(options.name_space) + ssh_string("") + ssh_string(options.hash);
    auto data = "SSHSIG" + context + ssh_string(hashed(options.hash, message));
    std::string tail;
    if (public_.kind == Kind::sk_ed25519) {
        tail = std::string(1, static_cast<char>(options.flags)) + std::string("\0\0\0\7", 4);
        data = hashed("sha256", public_.application) + tail + hashed("sha256", data);
    }
    const auto signature = ssh_string(approval::key_type(public_.kind)) +
                           ssh_string(ed25519(load(seed_), data)) + tail;
    const auto blob = "SSHSIG" + std::string("\0\0\0\1", 4) +
                      ssh_string(approval::key_blob(public_)) + context + ssh_string(signature);
    const auto bytes = as_bytes(blob);
    return {bytes.begin(), bytes.end()};
}

std::string SigningKey::armored(std::string_view message) const { return armor(sign(message)); }

std::string armor(ByteView blob) {
    return wrapped("-----BEGIN SSH SIGNATURE-----\n", blob, "-----END SSH SIGNATURE-----\n");
}

}  // namespace bulkhead::test
