// The key by which an AegisFlux backend knows a host: Ed25519 (RFC 8032) in the form of Go's
// crypto/ed25519.PrivateKey, 32 bytes of seed followed by 32 of the public key.
#pragma once
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace bulkhead::worker {

inline constexpr std::size_t kIdentityKeyBytes = 64;

// Makes a new key of getrandom(2). It cannot fail: libsodium ends the process without randomness.
Secret make_identity_key();
// Errors: the key has not 64 bytes, or its public half does not belong to the seed.
Result<> check_identity_key(const Secret& key);

// The 32 bytes of the public key; refers to `key`, which check_identity_key() must have accepted.
ByteView public_part(const Secret& key);
// The id that a backend of 2026 gives the agent with this key.
std::string agent_uid_of(const Secret& key);
// The Ed25519 signature over `message`, 64 bytes, by a key that check_identity_key() accepted.
Bytes sign_as(const Secret& key, std::string_view message);

}  // namespace bulkhead::worker
