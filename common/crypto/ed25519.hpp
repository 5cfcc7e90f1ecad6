// Ed25519 verification (RFC 8032) by libsodium. It uses public keys only.
#pragma once
#include <array>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::crypto {

using Ed25519Key = std::array<std::byte, 32>;

// True if `signature` has 64 bytes and is valid. It is false for nothing else: libsodium allocates
// nothing here and asks nobody. Beyond RFC 8032's equation without cofactor, not valid are a scalar
// that is not below the group's order, a point R of small order, and whatever is by a key of small
// order or one that is not the canonical encoding of a point.
bool verify_ed25519(const Ed25519Key& key, ByteView message, ByteView signature);

// Error: a point whose order divides 8, in any of its encodings. No signer has such a key, for
// other verifiers take signatures by it that were made without a private key.
Result<> check_ed25519_key(const Ed25519Key& key);

}  // namespace bulkhead::crypto
