// Known answers, tried by each program before it decides anything.
#pragma once
#include "common/base/result.hpp"

namespace bulkhead::crypto {

// Initialises libsodium (sodium_init(3)) and compares SHA-256 and SHA-512 of FIPS 180-4's "abc"
// and two signatures of RFC 8032, one of them damaged, with what they must give. Error: the library
// of this host is not to be relied on, and the caller ends. After it neither a digest nor a
// verification can fail for any reason but its input.
Result<> check_itself();

}  // namespace bulkhead::crypto
