#include "common/crypto/sha512.hpp"

#include <sodium.h>

namespace bulkhead::crypto {

std::array<std::byte, 64> sha512(ByteView bytes) {
    std::array<std::byte, 64> digest{};
    // It has no way to fail, and always returns 0.
    ::crypto_hash_sha512(reinterpret_cast<unsigned char*>(digest.data()),
                         reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return digest;
}

}  // namespace bulkhead::crypto
