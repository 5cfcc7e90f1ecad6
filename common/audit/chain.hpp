// The audit log's chain: how a line begins, and whether lines follow one another.
//
//   {"seq":2,"time":"2026-11-22T10:00:00Z","prev":"<SHA-256 of line 1 without its LF>","event":"...
//
// With stock tools: `sed -n 1p audit.log | tr -d '\n' | sha256sum` prints line 2's "prev".
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "common/base/parse.hpp"
#include "common/crypto/sha256.hpp"
#include "common/sys/fd.hpp"

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

struct AuditSummary {
    std::uint64_t first = 0;  // "seq" of the oldest line kept: 1, or the chain's beginning is gone
    Head head;                // of the last good line
    struct Fault {
        std::size_t file = 0;
        std::uint64_t line = 0;  // counted from 1 in that file
        std::string why;
    };
    std::optional<Fault> fault;  // the first
};

// Reads a log and its rotated parts, oldest first, in constant memory. An error means that a file
// could not be read; what is wrong with the log is in the summary. A changed line shows at the line
// after it, whose "prev" no longer fits; a log cut short, or changed in its very last line, only
// against a head that was kept elsewhere.
Result<AuditSummary> verify_audit(std::span<const sys::Fd> oldest_first,
                                  std::optional<Head> expected = {});

}  // namespace bulkhead::records
