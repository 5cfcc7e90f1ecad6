// Ed25519 verification (RFC 8032) by libcrypto; nothing here holds a private key.
#pragma once
#include <array>

#include "common/base/bytes.hpp"

namespace bulkhead::crypto {

// True only for a valid signature of 64 bytes; any failure inside libcrypto is a "no".
bool verify_ed25519(const std::array<std::byte, 32>& key, ByteView message, ByteView signature);

}  // namespace bulkhead::crypto
