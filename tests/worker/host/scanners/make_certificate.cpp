#include "tests/worker/host/scanners/make_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace bulkhead::test {

namespace {

std::string drained(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

X509* make(const CertificateWish& wish) {
    auto* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    auto* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), 0);
    ASN1_TIME_set(X509_getm_notAfter(certificate), wish.not_after.time_since_epoch().count());
    auto* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.data()),
                               static_cast<int>(wish.common_name.size()), -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    std::string alternatives;
    for (const auto& domain : wish.domains) {
        alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + domain;
    }
    if (!alternatives.empty()) {
        auto* extension =
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, nullptr);
    EVP_PKEY_free(key);
    return certificate;
}

}  // namespace

std::string certificate_der(const CertificateWish& wish) {
    auto* certificate = make(wish);
    auto* bio = BIO_new(BIO_s_mem());
    i2d_X509_bio(bio, certificate);
    X509_free(certificate);
    return drained(bio);
}

std::string certificate_pem(const CertificateWish& wish) {
    auto* certificate = make(wish);
    auto* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    X509_free(certificate);
    return drained(bio);
}

}  // namespace bulkhead::test
