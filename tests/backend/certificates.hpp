// CertificateAuthority: a new certificate authority, and certificates that it issues, valid ones
// and ones that an agent must refuse.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "tests/backend/message.hpp"

namespace bulkhead::reference {

class CertificateAuthority {
  public:
    enum class Flaw { none, expired, not_yet_valid, wrong_name };
    enum class Use { server, client };

    /// Makes a new P-256 key and a root certificate for it.
    static Outcome<CertificateAuthority> create(const std::string& common_name);

    Outcome<> write_certificate(const std::string& file) const;
    /// Issues a certificate for 127.0.0.1 and localhost, unless `flaw` says otherwise. Returns the
    /// pin of its key in the form of CURLOPT_PINNEDPUBLICKEY(3), "sha256//<base64>".
    [[nodiscard]] Outcome<std::string> issue(Use use, Flaw flaw,
                                             const std::string& certificate_file,
                                             const std::string& key_file) const;

  private:
    struct Free {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(X509* certificate) const { X509_free(certificate); }
    };
    using Key = std::unique_ptr<EVP_PKEY, Free>;
    using Certificate = std::unique_ptr<X509, Free>;

    CertificateAuthority(Key key, Certificate certificate)
        : key_(std::move(key)), certificate_(std::move(certificate)) {}

    Key key_;
    Certificate certificate_;
};

}  // namespace bulkhead::reference
