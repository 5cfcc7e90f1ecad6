// Conversion of a job's output to UTF-8, for backends that accept only text.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::worker {

// Returns well-formed UTF-8 (RFC 3629): each byte that belongs to no character becomes U+FFFD, and
// so does each NUL, because some databases refuse it.
std::string lossy_utf8(std::string_view octets);

// The number of bytes of `octets` before a character that is cut off at the end and may continue in
// the next chunk; 0..3 less than its size.
std::size_t whole_characters(std::string_view octets);

}  // namespace bulkhead::worker
