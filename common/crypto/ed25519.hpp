// Ed25519 verification (RFC 8032) by libcrypto. It uses public keys only.
#pragma once
#include <array>

#include "common/base/bytes.hpp"

namespace bulkhead::crypto {

// True if `signature` has 64 bytes and is valid. False also if libcrypto fails, for example for
// lack of memory.
bool verify_ed25519(const std::array<std::byte, 32>& key, ByteView message, ByteView signature);

}  // namespace bulkhead::crypto
