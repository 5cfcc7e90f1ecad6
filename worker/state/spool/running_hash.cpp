#include "worker/state/spool/running_hash.hpp"

#include <algorithm>
#include <cstdlib>

namespace bulkhead::worker {

namespace {

ByteView pending_block(const SHA256_CTX& context) { return std::as_bytes(std::span(context.data)); }

// A digest that was not computed must not be reported: this worker ends, and its successor goes on
// from the stored state.
void must(int done) {
    if (done != 1) std::abort();
}

}  // namespace

// The comment on the class says why deprecated functions are used.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

RunningHash::RunningHash() { must(::SHA256_Init(&context_)); }

void RunningHash::update(ByteView bytes) {
    must(::SHA256_Update(&context_, bytes.data(), bytes.size()));
    count_ += bytes.size();
}

crypto::Digest RunningHash::digest() const {
    SHA256_CTX copy = context_;
    crypto::Digest digest{};
    must(::SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &copy));
    return digest;
}

#pragma GCC diagnostic pop

// Stores the eight words of the hash, the bytes that do not fill a block yet, and the count, from
// which the rest of SHA256_CTX follows.
void RunningHash::write_state(ByteWriter& writer) const {
    for (const auto word : context_.h) writer.integer<std::uint32_t>(word);
    writer.put(pending_block(context_));
    writer.integer(count_);
}

Result<RunningHash> RunningHash::read_state(ByteReader& reader) {
    RunningHash hash;
    for (auto& word : hash.context_.h) word = TRY(reader.integer<std::uint32_t>());
    const auto block = TRY(reader.take(pending_block(hash.context_).size()));
    std::ranges::copy(block, std::as_writable_bytes(std::span(hash.context_.data)).begin());
    hash.count_ = TRY(reader.integer<std::uint64_t>());
    const std::uint64_t bits = hash.count_ * 8;
    hash.context_.Nl = static_cast<SHA_LONG>(bits);
    hash.context_.Nh = static_cast<SHA_LONG>(bits >> 32);
    hash.context_.num = static_cast<unsigned>(hash.count_ % SHA256_CBLOCK);
    return hash;
}

}  // namespace bulkhead::worker
