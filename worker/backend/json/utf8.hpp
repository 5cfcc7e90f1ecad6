// Octets of a job's output as text, for backends that take nothing else.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bulkhead::worker {

// Well-formed UTF-8: every byte that belongs to no character, and every NUL (databases refuse it),
// becomes U+FFFD.
std::string lossy_utf8(std::string_view octets);

// How much of `octets` can be sent without cutting a character that may go on in the next chunk.
std::size_t whole_characters(std::string_view octets);

}  // namespace bulkhead::worker
