// The nkeys of NATS: Ed25519 keys (RFC 8032) in base32 (RFC 4648, section 6, without padding) with
// two bytes of prefix and a CRC-16 at the end; github.com/nats-io/nkeys, strkey.go.
#pragma once
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace bulkhead::worker {

class NatsUserKey {
  public:
    // Accepts a user's seed, "SU" and 56 more characters. Errors: anything else, with what it is
    // where it is the seed of an account or operator, or a public key. No error repeats it.
    static Result<NatsUserKey> of_seed(std::string_view seed);

    // "U...", 56 characters: what a server's configuration names.
    const std::string& public_key() const { return public_key_; }
    // The signature of these bytes in base64 for URLs without padding (RFC 4648, section 5).
    std::string sign(std::string_view bytes) const;

  private:
    NatsUserKey() = default;
    Secret secret_;  // 64 bytes, as crypto_sign_detached() takes them
    std::string public_key_;
};

}  // namespace bulkhead::worker
