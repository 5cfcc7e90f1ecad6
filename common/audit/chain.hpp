// The audit log's chain: how a line begins, and whether lines follow one another.
//
//   {"seq":2,"time":"2026-11-22T10:00:00Z","prev":"<SHA-256 of line 1 without its LF>","event":"...
//
// With stock tools: `sed -n 1p audit.log | tr -d '\n' | sha256sum` prints line 2's "prev".
#pragma once
#include <cstdint>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::records {

inline constexpr std::size_t kMaxLine = 8192;  // with its LF

// Where the chain stands; travels in heartbeats, so that a log cut short shows off-host.
struct Head {
    std::uint64_t lines = 0;  // ever written: the last line's "seq"
    crypto::Digest hash{};    // SHA-256 of the last line without its LF; zeros before the first
    friend bool operator==(const Head&, const Head&) = default;
};

// A line up to `"event":"`: all that is ever read back of it. The order is ours and fixed, so
// nothing here parses JSON.
std::string begin_line(const Head& before, UnixTime now);
// The head that `line` says it continues.
Result<Head> parse_before(std::string_view line);
Head after(const Head& before, std::string_view line);

}  // namespace bulkhead::records
