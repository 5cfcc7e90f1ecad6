#include "worker/host/scanners/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free>>;
using X509Owner = std::unique_ptr<X509, Deleter<&X509_free>>;

constexpr std::size_t kMostDomains = 32;

Bio bio_of(std::string_view bytes) {
    return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// OpenSSL's default callback would ask for the password of an encrypted PEM block at the terminal
// (pem_password_cb(3)).
int no_password(char*, int, int, void*) { return 0; }

X509Owner first_certificate(std::string_view file) {
    const auto pem = bio_of(file);
    X509Owner found(PEM_read_bio_X509(pem.get(), nullptr, &no_password, nullptr));
    if (found) return found;
    const auto der = bio_of(file);
    return X509Owner(d2i_X509_bio(der.get(), nullptr));
}

std::string subject_of(X509* certificate) {
    auto* name = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) return "";
    const auto* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, text);
    if (size < 0) return "";
    const std::string_view octets(reinterpret_cast<const char*>(utf8),
                                  static_cast<std::size_t>(size));
    auto subject = BoundaryText<256>::clipped(octets).str();
    OPENSSL_free(utf8);
    return subject;
}

std::vector<std::string> domains_of(X509* certificate) {
    std::vector<std::string> domains;
    const std::unique_ptr<GENERAL_NAMES, Deleter<&GENERAL_NAMES_free>> names(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS || domains.size() == kMostDomains) continue;
        const auto* text = name->d.dNSName;
        const std::string_view octets(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                      static_cast<std::size_t>(ASN1_STRING_length(text)));
        domains.push_back(BoundaryText<256>::clipped(octets).str());
    }
    return domains;
}

}  // namespace

Result<Certificate> parse_certificate(std::string_view file) {
    const auto certificate = first_certificate(file);
    ERR_clear_error();
    if (!certificate) return fail("holds no certificate");
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) {
        return fail("its certificate has no valid end");
    }
    return Certificate{.subject = subject_of(certificate.get()),
                       .domains = domains_of(certificate.get()),
                       .not_after = UnixTime(std::chrono::seconds(::timegm(&time)))};
}

}  // namespace bulkhead::worker
