#include "worker/backend/http/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// What PEM_read_bio_X509(3) reads (x509_aux.c and pem_lib.c, check_pem()).
constexpr std::array<std::string_view, 3> kCertificates{"CERTIFICATE", "X509 CERTIFICATE",
                                                        "TRUSTED CERTIFICATE"};

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Bio open(std::string_view text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

// The reason of libcrypto's last error.
std::string reason() {
    const auto* const text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return text == nullptr ? "no reason given" : text;
}

struct Block {
    std::size_t number = 0;   // from 1
    std::size_t line = 0;     // from 1
    std::string_view before;  // what stands before it in its line
    std::string_view label;
    std::string_view text;  // from its BEGIN to the next
};

std::unexpected<Error> wrong(const Block& block, std::string_view why) {
    return fail("block " + std::to_string(block.number) + ", line " + std::to_string(block.line) +
                ": " + std::string(why));
}

// The block that begins at `at`, the next "-----BEGIN " after the block before it.
Block block_at(std::string_view text, std::size_t at, std::size_t number) {
    const auto line_begin =
        text.rfind('\n', at) == text.npos || at == 0 ? 0 : text.rfind('\n', at) + 1;
    const auto next = text.find(kBegin, at + kBegin.size());
    Block block{.number = number,
                .line = 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, at), '\n')),
                .before = text.substr(line_begin, at - line_begin),
                .label = {},
                .text = text.substr(at, next == text.npos ? next : next - at)};
    const auto rest = block.text.substr(kBegin.size());
    block.label = rest.substr(0, std::min(rest.find(kDashes), rest.find('\n')));
    return block;
}

bool is_certificate(std::string_view label) { return std::ranges::count(kCertificates, label) > 0; }

// Passed over by OpenSSL where certificates are read, with nothing lost.
bool is_beside(std::string_view label) {
    return label.ends_with("PRIVATE KEY") || label.ends_with("PARAMETERS") || label == "X509 CRL" ||
           label == "PUBLIC KEY" || label.ends_with("CERTIFICATE REQUEST");
}

Result<> check_place(const Block& block) {
    // OpenSSL 3 passes over a byte order mark at the begin of any line.
    if (block.before.empty() || block.before == kByteOrderMark) return {};
    if (block.before.find("-----END ") != block.before.npos) {
        return wrong(block,
                     "it begins in the line that ends the block before; put it on a line of "
                     "its own");
    }
    if (block.before.find_first_not_of(" \t") == block.before.npos) {
        return wrong(block, "it is indented; remove the blanks before each of its lines");
    }
    return wrong(block, "it does not begin its line");
}

Result<> check_certificate(const Block& block) {
    const auto end = "-----END " + std::string(block.label) + "-----";
    // Behind the END line may stand anything.
    if (block.text.substr(0, block.text.find("\n" + end)).find("\\n") != block.text.npos) {
        return wrong(block, "it has the two characters \\n where its lines should end");
    }
    if (block.text.find("\n" + end) == block.text.npos) {
        return wrong(block, block.text.find(end) == block.text.npos
                                ? "it has no line " + end
                                : "its lines are not apart, or indented: " + end +
                                      " stands on a line of its own, without blanks before it");
    }
    const Certificate read(PEM_read_bio_X509_AUX(open(block.text).get(), nullptr, nullptr, nullptr),
                           &X509_free);
    if (read) return {};
    return wrong(block, "not a certificate (libcrypto: " + reason() + ")");
}

Result<> check_block(const Block& block) {
    if (is_beside(block.label)) return {};
    if (is_certificate(block.label)) {
        TRY(check_place(block));
        return check_certificate(block);
    }
    if (block.label == "PKCS7" || block.label == "CMS") {
        return wrong(block, "a PKCS#7 bundle; unpack it by: openssl pkcs7 -print_certs -in FILE");
    }
    return wrong(block, "neither a certificate nor a key: " + quoted(block.label, 64));
}

std::unexpected<Error> no_block(std::string_view text) {
    if (text.empty()) return fail("is empty");
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const auto size = static_cast<long>(text.size());
    const auto* at = bytes;
    const Certificate der(d2i_X509(nullptr, &at, size), &X509_free);
    at = bytes;
    const std::unique_ptr<PKCS7, decltype(&PKCS7_free)> bundle(d2i_PKCS7(nullptr, &at, size),
                                                               &PKCS7_free);
    ERR_clear_error();
    if (der) {
        return fail(
            "is a certificate in DER, and PEM is wanted; convert it by: openssl x509 "
            "-inform DER -in FILE");
    }
    if (bundle) {
        return fail(
            "is a PKCS#7 bundle in DER, and PEM is wanted; unpack it by: openssl pkcs7 "
            "-inform DER -print_certs -in FILE");
    }
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
        return fail("is UTF-16; save it as ASCII or UTF-8");
    }
    return fail("holds no PEM CERTIFICATE: no line -----BEGIN CERTIFICATE-----");
}

}  // namespace

Result<> check_certificates(std::string_view text) {
    std::size_t number = 0;
    std::string others;
    bool found = false;
    for (auto at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at + kBegin.size())) {
        const auto block = block_at(text, at, ++number);
        TRY(check_block(block));
        found = found || is_certificate(block.label);
        if (others.empty()) others = block.label;
    }
    if (number == 0) return no_block(text);
    if (!found) return fail("holds no PEM CERTIFICATE, but: " + quoted(others, 64));
    // All of it at once, as libcurl has it read: a block on its own may do what it does not here.
    STACK_OF(X509_INFO)* const all =
        PEM_X509_INFO_read_bio(open(text).get(), nullptr, nullptr, nullptr);
    if (all == nullptr) return fail("not certificates (libcrypto: " + reason() + ")");
    sk_X509_INFO_pop_free(all, &X509_INFO_free);
    return {};
}

}  // namespace bulkhead::worker
