// One X.509 certificate, from DER.
#pragma once
#include "common/base/result.hpp"
#include "worker/host/scanners/certificate.hpp"
#include "worker/host/scanners/openssl_owners.hpp"

namespace bulkhead::worker {

// Null if `size` bytes at `der` do not begin with a certificate. `trusted`: OpenSSL's
// "TRUSTED CERTIFICATE", a certificate with settings behind it.
openssl::X509Owner parse_x509(const unsigned char* der, std::size_t size, bool trusted);

// Errors, as a clause: null, and a notBefore or notAfter that is no time.
Result<Certificate> describe(const openssl::X509Owner& certificate);

}  // namespace bulkhead::worker
