// The hash chain of the audit log: how a line begins, and which line it continues.
//
//   {"seq":2,"time":"2026-11-22T10:00:00Z","prev":"<SHA-256 of line 1 without its LF>","event":"...
//
// With stock tools: `sed -n 1p audit.log | tr -d '\n' | sha256sum` prints line 2's "prev".
#pragma once
#include <cstdint>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"

namespace bulkhead::records {

inline constexpr std::size_t kMaxLine = 8192;  // bytes, with the LF

// The end of the chain. Heartbeats carry it, so that a backend can tell that a log was cut short.
struct Head {
    std::uint64_t lines = 0;  // number of lines ever written, which is the last line's "seq"
    crypto::Digest hash{};    // SHA-256 of the last line without its LF; zeros before the first
    friend bool operator==(const Head&, const Head&) = default;
};

// A line up to and with `"event":"`. Only this part is read back; its keys have a fixed order, so
// no JSON parser is needed.
std::string begin_line(const Head& before, UnixTime now);
// The head that `line`, without its LF, says that it continues. An error if the line does not begin
// as begin_line() writes it, or does not end with '}'.
Result<Head> parse_before(std::string_view line);
// The head once `line`, without its LF, was added.
Head after(const Head& before, std::string_view line);

}  // namespace bulkhead::records
