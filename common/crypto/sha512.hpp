// SHA-512 (FIPS 180-4) by libsodium: the hash of messages in SSH signatures.
#pragma once
#include <array>

#include "common/base/bytes.hpp"

namespace bulkhead::crypto {

// Cannot fail, for the reasons of sha256().
std::array<std::byte, 64> sha512(ByteView bytes);

}  // namespace bulkhead::crypto
