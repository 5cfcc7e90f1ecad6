#include "common/crypto/ed25519.hpp"

#include <sodium.h>

namespace bulkhead::crypto {

namespace {

const unsigned char* raw(ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// True if eight times the point is the neutral element, (0, 1).
bool has_small_order(const Ed25519Key& key) {
    Ed25519Key point = key;
    auto* const bytes = reinterpret_cast<unsigned char*>(point.data());
    for (int doubled = 0; doubled < 3; ++doubled) {
        if (::crypto_core_ed25519_add(bytes, bytes, bytes) != 0) return false;
    }
    return point == Ed25519Key{std::byte{1}};
}

}  // namespace

bool verify_ed25519(const Ed25519Key& key, ByteView message, ByteView signature) {
    return signature.size() == crypto_sign_BYTES &&
           ::crypto_sign_verify_detached(raw(signature), raw(message), message.size(), raw(key)) ==
               0;
}

Result<> check_ed25519_key(const Ed25519Key& key) {
    if (!has_small_order(key)) return {};
    return fail("a point of small order: signatures by it can be made without a private key");
}

}  // namespace bulkhead::crypto
