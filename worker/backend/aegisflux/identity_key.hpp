// The key that an AegisFlux backend knows a host by: Ed25519 (RFC 8032), as Go programs keep it: 32
// octets of seed, then 32 of the public key.
#pragma once
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace bulkhead::worker {

inline constexpr std::size_t kIdentityKeyBytes = 64;

// A new one, from the kernel's randomness.
Result<Secret> make_identity_key();
// The two halves belong together; an error is a damaged file.
Result<> check_identity_key(const Secret& key);

ByteView public_part(const Secret& key);
// 64 octets.
Result<Bytes> sign_as(const Secret& key, std::string_view message);

}  // namespace bulkhead::worker
