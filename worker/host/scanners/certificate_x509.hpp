// One X.509 certificate, from DER.
#pragma once
#include <span>

#include "common/base/result.hpp"
#include "worker/host/scanners/certificate.hpp"
#include "worker/host/scanners/openssl_owners.hpp"

namespace bulkhead::worker {

// Null if `der` does not begin with a certificate. Otherwise `der` becomes what stands behind it.
openssl::X509Owner parse_x509(std::span<const unsigned char>& der);

// Whether `der` begins with what stands behind the certificate in a "TRUSTED CERTIFICATE"
// (OpenSSL's X509_CERT_AUX: whom it is trusted for, an alias).
bool begins_with_trust(std::span<const unsigned char> der);

// Errors, as a clause: null, and a notBefore or notAfter that is no time.
Result<Certificate> describe(const openssl::X509Owner& certificate);

}  // namespace bulkhead::worker
