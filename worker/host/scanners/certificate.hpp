// Certificate: whom an X.509 certificate (RFC 5280) names, and until when it is valid.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

struct Certificate {
    std::string subject;               // common name, at most 256 bytes; empty if it has none
    std::vector<std::string> domains;  // DNS names of subjectAltName, the first 32 of them
    UnixTime not_after{};
};

// Parses the first certificate of a file's content, PEM or DER; no signature is verified. Errors:
// there is no certificate in it, or its notAfter is malformed.
Result<Certificate> parse_certificate(std::string_view file);

}  // namespace bulkhead::worker
