// RunningHash: SHA-256 over a stream, whose intermediate state can be stored and restored.
#pragma once
#include <openssl/sha.h>

#include <cstdint>

#include "common/base/bytes.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::worker {

// A worker may die after gigabytes whose first part is no longer on disk; its successor goes on
// from the state. The digest interface (EVP) hides that state and cannot be asked for it, so this
// uses the low-level functions, which OpenSSL 3 calls deprecated and still ships. They belong to no
// provider and read no openssl.cnf. libsodium has such a state too, and takes four times as long
// where the processor has instructions for SHA-256, which matters for gigabytes of output.
class RunningHash {
  public:
    RunningHash();

    void update(ByteView bytes);
    std::uint64_t count() const { return count_; }  // bytes hashed
    crypto::Digest digest() const;                  // of all of them so far

    void write_state(ByteWriter& writer) const;
    static Result<RunningHash> read_state(ByteReader& reader);

  private:
    SHA256_CTX context_{};
    std::uint64_t count_ = 0;
};

}  // namespace bulkhead::worker
