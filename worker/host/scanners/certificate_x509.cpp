#include "worker/host/scanners/certificate_x509.hpp"

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMostDomains = 32;

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
    const openssl::NamesOwner names(static_cast<GENERAL_NAMES*>(
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

std::string der_of(const X509_NAME* name) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509_NAME(name, &bytes);
    const openssl::Memory<unsigned char> owner(bytes);
    if (size < 0) return "";
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Result<UnixTime> time_of(const ASN1_TIME* time, const char* name) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return fail(std::string("has a certificate without a valid ") + name);
    }
    return UnixTime(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

openssl::X509Owner parse_x509(std::span<const unsigned char>& der) {
    const auto* at = der.data();
    openssl::X509Owner certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (certificate) der = der.subspan(static_cast<std::size_t>(at - der.data()));
    return certificate;
}

bool begins_with_trust(std::span<const unsigned char> der) {
    const auto* at = der.data();
    auto* trust = d2i_X509_CERT_AUX(nullptr, &at, static_cast<long>(der.size()));
    X509_CERT_AUX_free(trust);
    return trust != nullptr;
}

Result<Certificate> describe(const openssl::X509Owner& certificate) {
    if (!certificate) return fail("begins a block that is no X.509 certificate");
    auto* x509 = certificate.get();
    return Certificate{.subject = subject_of(x509),
                       .domains = domains_of(x509),
                       .not_before = TRY(time_of(X509_get0_notBefore(x509), "start")),
                       .not_after = TRY(time_of(X509_get0_notAfter(x509), "end")),
                       .subject_name = der_of(X509_get_subject_name(x509)),
                       .issuer_name = der_of(X509_get_issuer_name(x509))};
}

}  // namespace bulkhead::worker
