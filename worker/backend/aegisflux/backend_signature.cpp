#include "worker/backend/aegisflux/backend_signature.hpp"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>

#include "common/base/text.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::worker {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Digester = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kVault = "vault:v";
constexpr std::size_t kMaxKeys = 16;

Key read_key(std::string_view pem) {
    EVP_PKEY* key = nullptr;
    const std::unique_ptr<OSSL_DECODER_CTX, decltype(&OSSL_DECODER_CTX_free)> decoder(
        ::OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, nullptr, EVP_PKEY_PUBLIC_KEY, nullptr,
                                        nullptr),
        &OSSL_DECODER_CTX_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    if (!decoder || ::OSSL_DECODER_from_bio(decoder.get(), text.get()) != 1) key = nullptr;
    ::ERR_clear_error();
    return {key, &EVP_PKEY_free};
}

Result<std::vector<Key>> read_keys(std::string_view pem) {
    std::vector<Key> keys;
    auto at = pem.find(kBegin);
    while (at != pem.npos) {
        const auto next = pem.find(kBegin, at + 1);
        auto key = read_key(pem.substr(at, next == pem.npos ? pem.npos : next - at));
        const bool usable = key && (::EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA ||
                                    ::EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519);
        if (!usable) {
            return fail("key " + std::to_string(keys.size() + 1) +
                        " is no public key of RSA or Ed25519 in PEM");
        }
        if (keys.size() == kMaxKeys) return fail("more than 16 keys");
        keys.push_back(std::move(key));
        at = next;
    }
    if (keys.empty()) return fail("holds no public key in PEM");
    return keys;
}

enum class Scheme { rsa, rsa_pss, ed25519, ed25519_of_digest };

// Vault names no algorithm beside its signature: its key says it, and RSA has two.
std::vector<Scheme> schemes_of(std::string algorithm, bool of_vault) {
    std::ranges::transform(algorithm, algorithm.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (algorithm == "rsa-sha256") return {Scheme::rsa};
    if (algorithm == "rsa-pss") return {Scheme::rsa_pss};
    if (algorithm == "ed25519" && of_vault) return {Scheme::ed25519};
    if (algorithm == "ed25519") return {Scheme::ed25519_of_digest};
    if (algorithm.empty() && of_vault) return {Scheme::rsa_pss, Scheme::rsa, Scheme::ed25519};
    return {};
}

// The base64 of "vault:vN:BASE64", N being the version of the key; of another text that text.
Result<std::string_view> without_vault(std::string_view value) {
    if (!value.starts_with(kVault)) return value;
    const auto end = value.find(':', kVault.size());
    const auto version = value.substr(kVault.size(), end - kVault.size());
    if (end == value.npos || !parse_number<std::uint32_t>(version)) {
        return fail("the signature is not of the form vault:vN:BASE64");
    }
    return value.substr(end + 1);
}

bool verifies(EVP_PKEY* key, Scheme scheme, ByteView signature, ByteView bundle) {
    const bool edwards = scheme == Scheme::ed25519 || scheme == Scheme::ed25519_of_digest;
    if (::EVP_PKEY_get_base_id(key) != (edwards ? EVP_PKEY_ED25519 : EVP_PKEY_RSA)) return false;
    const Digester digester(::EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_PKEY_CTX* context = nullptr;
    if (!digester ||
        ::EVP_DigestVerifyInit(digester.get(), &context, edwards ? nullptr : ::EVP_sha256(),
                               nullptr, key) != 1) {
        return false;
    }
    if (scheme == Scheme::rsa_pss &&
        (::EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
         ::EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) != 1)) {
        return false;
    }
    const auto digest = crypto::sha256(bundle);
    const auto message = scheme == Scheme::ed25519_of_digest ? ByteView(digest) : bundle;
    const auto raw = [](ByteView bytes) {
        return reinterpret_cast<const unsigned char*>(bytes.data());
    };
    return ::EVP_DigestVerify(digester.get(), raw(signature), signature.size(), raw(message),
                              message.size()) == 1;
}

}  // namespace

Result<> check_public_keys(std::string_view pem) {
    TRY(read_keys(pem));
    return {};
}

SignatureCheck check_backend_signature(const BackendSignature& signature, std::string_view keys,
                                       std::string_view bundle) {
    if (!signature.given()) return {.why = "the backend sent no signature"};
    if (keys.empty()) return {.why = "options.verify_key_file names no key"};
    const auto schemes = schemes_of(signature.algorithm, signature.value.starts_with(kVault));
    if (schemes.empty()) return {.why = "unknown algorithm " + quoted(signature.algorithm, 40)};
    const auto text = without_vault(signature.value);
    if (!text) return {.word = "invalid", .why = text.error().what};
    const auto bytes = parse_base64(*text);
    if (!bytes) return {.word = "invalid", .why = "the signature is not base64"};
    const auto known = read_keys(keys);
    if (!known) return {.why = known.error().what};
    for (const auto& key : *known) {
        for (const auto scheme : schemes) {
            if (verifies(key.get(), scheme, *bytes, as_bytes(bundle))) return {.word = "valid"};
        }
    }
    ::ERR_clear_error();
    return {.word = "invalid", .why = "none of the keys of options.verify_key_file made it"};
}

}  // namespace bulkhead::worker
