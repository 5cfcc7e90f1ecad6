#include "worker/backend/aegisflux/identity_key.hpp"

#include <sodium.h>

#include "common/crypto/sha256.hpp"

namespace bulkhead::worker {

namespace {

static_assert(kIdentityKeyBytes == crypto_sign_SECRETKEYBYTES);
constexpr std::size_t kHalf = kIdentityKeyBytes / 2;

unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// Both halves, of the first.
Secret whole_key(std::string_view seed) {
    std::string point(kHalf, '\0');
    std::string both(kIdentityKeyBytes, '\0');
    ::crypto_sign_seed_keypair(raw(point), raw(both), raw(seed));  // always returns 0
    return Secret(std::move(both));
}

}  // namespace

Secret make_identity_key() {
    std::string seed(kHalf, '\0');
    ::randombytes_buf(seed.data(), seed.size());
    auto key = whole_key(seed);
    ::sodium_memzero(seed.data(), seed.size());
    return key;
}

Result<> check_identity_key(const Secret& key) {
    const std::string_view both = key.reveal();
    if (both.size() != kIdentityKeyBytes) return fail("an identity key has 64 bytes");
    if (whole_key(both.substr(0, kHalf)).reveal() != both) {
        return fail("the two halves of the identity key do not belong together");
    }
    return {};
}

ByteView public_part(const Secret& key) { return as_bytes(key.reveal()).subspan(kHalf); }

std::string agent_uid_of(const Secret& key) {
    return "agent-" + crypto::hex(crypto::sha256(public_part(key))).substr(0, 16);
}

Bytes sign_as(const Secret& key, std::string_view message) {
    Bytes signature(crypto_sign_BYTES);
    // Always returns 0; the length is crypto_sign_BYTES.
    ::crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                           raw(message), message.size(), raw(key.reveal()));
    return signature;
}

}  // namespace bulkhead::worker
