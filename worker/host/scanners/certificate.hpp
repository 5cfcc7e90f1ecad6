// Certificates in a file, as OpenSSL reads it: whom each X.509 certificate (RFC 5280) names, and
// when it is valid.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse.hpp"

namespace bulkhead::worker {

struct Certificate {
    std::string subject;               // common name, at most 256 bytes; empty if it has none
    std::vector<std::string> domains;  // DNS names of subjectAltName, the first 32 of them
    UnixTime not_before{};
    UnixTime not_after{};
    // The whole names as canonical DER, for comparison.
    std::string subject_name;
    std::string issuer_name;

    bool is_self_issued() const { return subject_name == issuer_name; }
};

struct CertificateFile {
    std::vector<Certificate> certificates;  // in the order of the file
    // What could not be read, each a clause about the file: "line 12 begins a block that is no
    // X.509 certificate".
    std::vector<std::string> problems;
};

// Parses the content of a file: PEM (RFC 7468, and OpenSSL's TRUSTED CERTIFICATE), where text and
// blocks of other kinds such as private keys are passed over, or DER. No signature is verified. If
// it has no certificate, a problem says what it is instead; PKCS#7 is always a problem, because TLS
// servers do not read it.
CertificateFile parse_certificates(std::string_view file);

// The numbers, counted from 0, of the certificates that a server or its clients rely on: all in a
// file of at most 10, which is a chain. In a longer one these are the first certificate and its
// issuers, if it has an issuer there. Otherwise the file is a collection of authorities, of which
// some have always ended, and the answer is the one that ends last.
std::vector<std::size_t> relied_on(const std::vector<Certificate>& certificates);

}  // namespace bulkhead::worker
