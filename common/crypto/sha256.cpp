#include "common/crypto/sha256.hpp"

#include <sodium.h>

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::crypto {

Digest sha256(ByteView bytes) {
    Digest digest{};
    // It has no way to fail, and always returns 0.
    ::crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                         reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return digest;
}

std::string hex(const Digest& digest) { return to_hex(digest); }

Result<Digest> parse_digest(std::string_view text) {
    const auto bytes = TRY(parse_hex(text));
    Digest digest{};
    if (bytes.size() != digest.size()) return fail("expected 64 lower-case hex digits");
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    return digest;
}

}  // namespace bulkhead::crypto
