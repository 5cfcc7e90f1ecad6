// SHA-256 (FIPS 180-4) by libsodium: no provider, no configuration, nothing allocated; cannot fail.
#pragma once
#include <array>
#include <memory>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace bulkhead::crypto {

using Digest = std::array<std::byte, 32>;

Digest sha256(ByteView bytes);
// 64 lower-case hex digits.
std::string hex(const Digest& digest);
// Accepts what hex() writes, and nothing else.
Result<Digest> parse_digest(std::string_view text);

}  // namespace bulkhead::crypto
