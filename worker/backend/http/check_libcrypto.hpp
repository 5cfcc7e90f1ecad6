// A known answer of libcrypto, which is the TLS of this process.
#pragma once
#include "common/base/result.hpp"

namespace bulkhead::worker {

// Has libcrypto read its openssl.cnf(5) and compares a SHA-256 with what it must give. Error: no
// connection can be made, for example because the file activates one provider and not the default
// one. The file is read once, so only another process can do better.
Result<> check_libcrypto();

}  // namespace bulkhead::worker
