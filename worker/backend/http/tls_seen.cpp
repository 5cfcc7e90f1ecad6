#include "worker/backend/http/tls_seen.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <span>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr int kMostNames = 8;
constexpr std::size_t kMostBytes = 128;  // of a name

using Seen = std::shared_ptr<TlsSeen>;

std::string_view octets(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string distinguished(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE) < 0) return "";
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return size > 0 ? quoted({text, static_cast<std::size_t>(size)}, kMostBytes) : "\"\"";
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int size = ASN1_STRING_length(bytes);
    if (size != 4 && size != 16) return "";
    const auto* got = ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes),
                                  text.data(), text.size());
    return got == nullptr ? "" : got;
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> names;
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        &GENERAL_NAMES_free);
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(all.get(), i);
        std::string text;
        if (name->type == GEN_DNS) text = quoted(octets(name->d.dNSName), kMostBytes);
        if (name->type == GEN_IPADD) text = address_of(name->d.iPAddress);
        if (text.empty()) continue;
        if (names.size() == kMostNames) {
            names.emplace_back("...");
            break;
        }
        names.push_back(std::move(text));
    }
    return names;
}

// The digest that CURLOPT_PINNEDPUBLICKEY(3) compares: of the SubjectPublicKeyInfo in DER.
std::string pin_of(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return "";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const int made = EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length,
                                EVP_sha256(), nullptr);
    OPENSSL_free(der);
    if (made != 1) return "";
    return "sha256//" + to_base64(std::as_bytes(std::span(digest).first(length)));
}

std::optional<UnixTime> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return UnixTime(std::chrono::seconds(::timegm(&parts)));
}

void forget(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Seen*>(kept);
}

// Of the value that an SSL_CTX owns: libcurl keeps a connection longer than the request that made
// it, and a server may have it negotiate again.
int slot() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &forget);
    return index;
}

TlsSeen* seen_by(SSL* connection) {
    auto* kept = static_cast<Seen*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), slot()));
    return kept == nullptr ? nullptr : kept->get();
}

// Notes and returns the verdict that it is given.
int on_verdict(int accepted, X509_STORE_CTX* chain) {
    auto* seen = seen_by(
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx())));
    const auto* own = X509_STORE_CTX_get0_cert(chain);
    if (seen == nullptr || own == nullptr) return accepted;
    if (seen->key_pin.empty()) {
        seen->names = names_of(own);
        seen->key_pin = pin_of(own);
    }
    const auto* refused = X509_STORE_CTX_get_current_cert(chain);
    if (accepted == 1 || seen->error != 0 || refused == nullptr) return accepted;
    seen->error = X509_STORE_CTX_get_error(chain);
    seen->depth = X509_STORE_CTX_get_error_depth(chain);
    seen->subject = distinguished(X509_get_subject_name(refused));
    seen->issuer = distinguished(X509_get_issuer_name(refused));
    seen->not_before = time_of(X509_get0_notBefore(refused));
    seen->not_after = time_of(X509_get0_notAfter(refused));
    return accepted;
}

// OpenSSL calls it when the server asks for a certificate (SSL_CTX_set_cert_cb(3)); 1: go on with
// what is set.
int on_certificate_wanted(SSL* connection, void*) {
    if (auto* seen = seen_by(connection)) seen->wants_client_certificate = true;
    return 1;
}

CURLcode on_context(CURL*, void* made, void* into) {
    auto* context = static_cast<SSL_CTX*>(made);
    auto& seen = *static_cast<Seen*>(into);
    seen = std::make_shared<TlsSeen>();
    auto kept = std::make_unique<Seen>(seen);
    if (SSL_CTX_set_ex_data(context, slot(), kept.get()) != 1) return CURLE_OUT_OF_MEMORY;
    static_cast<void>(kept.release());  // forget() deletes it
    SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), &on_verdict);
    SSL_CTX_set_cert_cb(context, &on_certificate_wanted, nullptr);
    return CURLE_OK;
}

}  // namespace

CURLcode note_handshakes(CURL* handle, std::shared_ptr<TlsSeen>& seen) {
    const auto* version = curl_version_info(CURLVERSION_NOW)->ssl_version;
    if (version == nullptr || !std::string_view(version).starts_with("OpenSSL/")) return CURLE_OK;
    const auto code = curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, &on_context);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &seen);
}

}  // namespace bulkhead::worker
