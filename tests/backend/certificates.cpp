#include "tests/backend/certificates.hpp"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace bulkhead::reference {
namespace {

constexpr long kDay = 24L * 60 * 60;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File create_file(const std::string& path, mode_t mode) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    return File(fd < 0 ? nullptr : ::fdopen(fd, "w"));
}

bool add_extension(X509* certificate, X509* issuer, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

void set_random_serial(X509* certificate) {
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U);
}

void set_name(X509* certificate, const std::string& common_name) {
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, text, -1,
                               -1, 0);
}

X509* blank_certificate(EVP_PKEY* key, const std::string& common_name, long from, long until) {
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    set_random_serial(certificate);
    set_name(certificate, common_name);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until);
    X509_set_pubkey(certificate, key);
    return certificate;
}

std::string pin_of(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(der, static_cast<std::size_t>(size), digest);
    OPENSSL_free(der);
    unsigned char text[64] = {};
    EVP_EncodeBlock(text, digest, sizeof digest);
    return std::string("sha256//") + reinterpret_cast<const char*>(text);
}

}  // namespace

Outcome<CertificateAuthority> CertificateAuthority::create(const std::string& common_name) {
    Key key(EVP_EC_gen("P-256"));
    if (!key) return std::unexpected("cannot make a P-256 key");
    Certificate root(blank_certificate(key.get(), common_name, -kDay, 365 * kDay));
    X509_set_issuer_name(root.get(), X509_get_subject_name(root.get()));
    const bool complete =
        add_extension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE") &&
        add_extension(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(root.get(), root.get(), NID_subject_key_identifier, "hash") &&
        X509_sign(root.get(), key.get(), EVP_sha256()) > 0;
    if (!complete) return std::unexpected("cannot make a root certificate");
    return CertificateAuthority(std::move(key), std::move(root));
}

Outcome<> CertificateAuthority::write_certificate(const std::string& file) const {
    const auto out = create_file(file, 0644);
    if (!out || PEM_write_X509(out.get(), certificate_.get()) != 1)
        return std::unexpected("cannot write " + file);
    return {};
}

Outcome<std::string> CertificateAuthority::issue(Use use, Flaw flaw,
                                                 const std::string& certificate_file,
                                                 const std::string& key_file) const {
    const long from = flaw == Flaw::not_yet_valid ? kDay
                      : flaw == Flaw::expired     ? -2 * kDay
                                                  : -kDay;
    const long until = flaw == Flaw::expired ? -kDay : 30 * kDay;
    const char* names =
        flaw == Flaw::wrong_name ? "DNS:elsewhere.example" : "DNS:localhost,IP:127.0.0.1";
    const char* usage = use == Use::server ? "serverAuth" : "clientAuth";

    const Key key(EVP_EC_gen("P-256"));
    if (!key) return std::unexpected("cannot make a P-256 key");
    const Certificate leaf(blank_certificate(
        key.get(), use == Use::server ? "reference backend" : "agent", from, until));
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get()));
    const bool complete =
        add_extension(leaf.get(), certificate_.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf.get(), certificate_.get(), NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf.get(), certificate_.get(), NID_ext_key_usage, usage) &&
        add_extension(leaf.get(), certificate_.get(), NID_subject_alt_name, names) &&
        add_extension(leaf.get(), certificate_.get(), NID_authority_key_identifier, "keyid") &&
        X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0;
    if (!complete) return std::unexpected("cannot make a certificate");

    const auto out = create_file(certificate_file, 0644);
    const auto key_out = create_file(key_file, 0600);
    if (!out || !key_out || PEM_write_X509(out.get(), leaf.get()) != 1 ||
        PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return std::unexpected("cannot write " + certificate_file);
    return pin_of(key.get());
}

}  // namespace bulkhead::reference
