// The blocks of a file, PEM or DER, and what is said of those that hold no certificate.
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <span>

#include "common/base/text.hpp"
#include "worker/host/scanners/certificate.hpp"
#include "worker/host/scanners/certificate_x509.hpp"
#include "worker/host/scanners/openssl_owners.hpp"

namespace bulkhead::worker {

namespace {

using openssl::bio_of;
using openssl::Memory;

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // of UTF-8
constexpr const char* kPkcs7 =
    "is a PKCS#7 bundle, which TLS servers do not read; `openssl pkcs7 -print_certs` takes the "
    "certificates out";

// SSL_CTX_use_certificate_chain_file(3) refuses the file if that is its first block.
constexpr const char* kMore =
    "begins a block with bytes behind its certificate, for which TLS servers may refuse the "
    "file; `openssl x509` writes the certificate without them";

constexpr const char* kKeyAlone =
    "holds a private key and no certificate; name the certificate's file, or a pattern that this "
    "one does not match";

enum class Kind { certificate, trusted, pkcs7, key, other };

Kind kind_of(std::string_view label) {
    if (label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD) return Kind::certificate;
    if (label == PEM_STRING_X509_TRUSTED) return Kind::trusted;
    if (label == PEM_STRING_PKCS7 || label == PEM_STRING_PKCS7_SIGNED || label == PEM_STRING_CMS) {
        return Kind::pkcs7;
    }
    return label.ends_with("PRIVATE KEY") ? Kind::key : Kind::other;
}

class PemFile {
  public:
    explicit PemFile(std::string_view text) : text_(text), bio_(bio_of(text)) {}

    CertificateFile read() && {
        while (read_block()) {
        }
        ERR_clear_error();
        if (file_.certificates.empty() && file_.problems.empty()) {
            file_.problems.push_back(instead());
        }
        return std::move(file_);
    }

  private:
    // False at the end, or behind a block that OpenSSL cannot read: what follows it is not read by
    // a server either.
    bool read_block() {
        const auto start = offset();
        ERR_clear_error();
        char* label = nullptr;
        char* header = nullptr;
        unsigned char* data = nullptr;
        long size = 0;
        const bool read = PEM_read_bio(bio_.get(), &label, &header, &data, &size) == 1;
        const Memory<char> owned_label(label);
        const Memory<char> owned_header(header);
        const Memory<unsigned char> owned_data(data);
        const bool ended = !read && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        const auto begin = ended ? text_.size() : begin_of_block(start);
        report_unseen(start, begin);
        if (ended) return false;
        if (!read) {
            problem(begin, "begins a block that is damaged or not whole");
            return false;
        }
        add(label, {data, static_cast<std::size_t>(size)}, begin);
        return true;
    }

    std::size_t offset() const { return text_.size() - BIO_ctrl_pending(bio_.get()); }

    // Where the block begins that was read from `start` on: at the first line that starts so. A
    // byte order mark at the start of the file is passed over.
    std::size_t begin_of_block(std::size_t start) const {
        for (auto at = text_.find(kBegin, start); at != text_.npos;
             at = text_.find(kBegin, at + 1)) {
            if (at == 0 || text_[at - 1] == '\n' || text_.substr(0, at) == kByteOrderMark)
                return at;
        }
        return text_.size();
    }

    // OpenSSL passes over a BEGIN that is not at the start of its line.
    void report_unseen(std::size_t from, std::size_t to) {
        const auto at = text_.find(kBegin, from);
        if (at == text_.npos || at >= to) return;
        problem(at, "has -----BEGIN not at its start, so OpenSSL passes over that block");
    }

    void add(std::string_view label, std::span<const unsigned char> data, std::size_t begin) {
        labels_.emplace_back(label);
        const auto kind = kind_of(label);
        if (kind == Kind::pkcs7) return problem(begin, kPkcs7);
        if (kind != Kind::certificate && kind != Kind::trusted) return;
        auto certificate = describe(parse_x509(data));
        if (!certificate) return problem(begin, certificate.error().what);
        file_.certificates.push_back(*std::move(certificate));
        if (data.empty() || (kind == Kind::trusted && begins_with_trust(data))) return;
        problem(begin, kMore);
    }

    std::string instead() const {
        const auto is_key = [](const std::string& label) { return kind_of(label) == Kind::key; };
        if (std::ranges::any_of(labels_, is_key)) return kKeyAlone;
        return "holds no certificate" + (labels_.empty() ? "" : " but " + quoted(labels_[0], 64));
    }

    void problem(std::size_t at, const std::string& what) {
        const auto line = 1 + std::ranges::count(text_.substr(0, at), '\n');
        file_.problems.push_back("line " + std::to_string(line) + " " + what);
    }

    std::string_view text_;
    openssl::Bio bio_;
    std::vector<std::string> labels_;
    CertificateFile file_;
};

template <auto Parse, auto Free>
bool parses(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    auto* object = Parse(nullptr, &at, static_cast<long>(der.size()));
    if (object != nullptr) Free(object);
    return object != nullptr;
}

// What a file without a certificate and without PEM is.
std::string kind_of_der(std::string_view der) {
    if (parses<&d2i_PKCS7, &PKCS7_free>(der)) return kPkcs7;
    if (parses<&d2i_PKCS12, &PKCS12_free>(der)) {
        return "is a PKCS#12 file, whose certificates are encrypted";
    }
    if (parses<&d2i_AutoPrivateKey, &EVP_PKEY_free>(der)) {
        return kKeyAlone;
    }
    if (der.starts_with("\xfe\xed\xfe\xed")) return "is a Java key store, which is not read";
    return "holds no certificate";
}

CertificateFile read_der(std::string_view file) {
    CertificateFile result;
    std::span der(reinterpret_cast<const unsigned char*>(file.data()), file.size());
    const auto certificate = parse_x509(der);
    if (certificate) {
        auto described = describe(certificate);
        if (described) {
            result.certificates.push_back(*std::move(described));
        } else {
            result.problems.push_back(described.error().what);
        }
    } else {
        result.problems.push_back(kind_of_der(file));
    }
    ERR_clear_error();
    return result;
}

}  // namespace

CertificateFile parse_certificates(std::string_view file) {
    return file.find(kBegin) == file.npos ? read_der(file) : PemFile(file).read();
}

std::vector<std::size_t> relied_on(const std::vector<Certificate>& all) {
    constexpr std::size_t kLongestChain = 10;
    std::vector<std::size_t> found;
    if (all.size() <= kLongestChain) {
        for (std::size_t i = 0; i < all.size(); ++i) found.push_back(i);
        return found;
    }
    if (all[0].is_self_issued()) {
        const auto last = std::ranges::max_element(all, {}, &Certificate::not_after);
        return {static_cast<std::size_t>(last - all.begin())};
    }
    found.push_back(0);
    for (std::size_t next = 0; next < found.size(); ++next) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const bool issuer = all[i].subject_name == all[found[next]].issuer_name;
            if (issuer && std::ranges::find(found, i) == found.end()) found.push_back(i);
        }
    }
    return found;
}

}  // namespace bulkhead::worker
