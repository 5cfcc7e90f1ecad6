// What is wrong with a file of certificates, told before libcurl refuses it at the first request
// without a word on where, or passes over a part of it.
#pragma once
#include <string_view>

#include "common/base/result.hpp"

namespace bulkhead::worker {

// Requires that each block of this text (RFC 7468) which holds certificates is one that OpenSSL 3
// reads where libcurl has it read (CURLOPT_CAINFO_BLOB(3), CURLOPT_SSLCERT_BLOB(3)), and that there
// is one at least. Text between blocks, keys, revocation lists and parameters are passed over, as
// OpenSSL does. The error names the block and its line, or what the text is instead, and what to
// do.
Result<> check_certificates(std::string_view text);

}  // namespace bulkhead::worker
