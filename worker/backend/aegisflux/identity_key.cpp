#include "worker/backend/aegisflux/identity_key.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>

namespace bulkhead::worker {

namespace {

constexpr std::size_t kHalf = kIdentityKeyBytes / 2;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Key private_key(std::string_view seed) {
    return {EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed), kHalf),
            &EVP_PKEY_free};
}

// The public key of a seed; "" if libcrypto fails.
std::string public_of(std::string_view seed) {
    const auto key = private_key(seed);
    std::string half(kHalf, '\0');
    std::size_t size = half.size();
    auto* const out = reinterpret_cast<unsigned char*>(half.data());
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), out, &size) != 1 || size != kHalf) return "";
    return half;
}

}  // namespace

Result<Secret> make_identity_key() {
    std::string seed(kHalf, '\0');
    seed.reserve(kIdentityKeyBytes);  // appending below must not leave a copy in freed memory
    if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(seed.data()), kHalf) != 1) {
        return fail("no randomness for an identity key");
    }
    seed += public_of(seed);
    Secret key(std::move(seed));
    TRY(check_identity_key(key));
    return key;
}

Result<> check_identity_key(const Secret& key) {
    const std::string_view both = key.reveal();
    if (both.size() != kIdentityKeyBytes) return fail("an identity key has 64 bytes");
    if (public_of(both.substr(0, kHalf)) != both.substr(kHalf)) {
        return fail("the two halves of the identity key do not belong together");
    }
    return {};
}

ByteView public_part(const Secret& key) { return as_bytes(key.reveal()).subspan(kHalf); }

Result<Bytes> sign_as(const Secret& key, std::string_view message) {
    const auto ours = private_key(key.reveal());
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    Bytes signature(64);
    std::size_t size = signature.size();
    if (!ours || !context ||
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, ours.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       raw(message), message.size()) != 1) {
        return fail("libcrypto could not sign");
    }
    return signature;
}

}  // namespace bulkhead::worker
