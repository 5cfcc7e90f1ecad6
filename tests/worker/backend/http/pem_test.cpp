// Whether check_certificates() agrees with libcurl: what it accepts is trusted in a handshake.
#include "worker/backend/http/pem.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "tests/support/files.hpp"
#include "tests/support/ok.hpp"
#include "tests/worker/backend/caller.hpp"

namespace bulkhead::worker {
namespace {

using reference::ReferenceBackend;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

std::string indented(const std::string& text) { return "  " + replaced(text, "\n", "\n  "); }

class CheckCertificates : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(backend_.start());
        ours_ = bulkhead::test::content_of(backend_.ca_file());
        other_ = bulkhead::test::content_of(*backend_.wrong_ca_file());
    }
    // By OpenSSL itself: `write` gets our authority.
    std::string written(int (*write)(BIO*, const X509*)) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> in(
            BIO_new_mem_buf(ours_.data(), static_cast<int>(ours_.size())), &BIO_free);
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
        const std::unique_ptr<X509, decltype(&X509_free)> read(
            PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free);
        EXPECT_EQ(write(out.get(), read.get()), 1);
        char* data = nullptr;
        const auto size = BIO_get_mem_data(out.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }
    bool trusted(const std::string& text) {
        auto settings = test::settings_for(backend_);
        settings.ca_pem = text;
        return test::Caller(settings).trouble({.path = "/health"}) == "status 200";
    }
    static std::string refusal(const std::string& text) {
        const auto checked = check_certificates(text);
        return checked ? "" : checked.error().what;
    }

    ReferenceBackend backend_;
    std::string ours_;
    std::string other_;
};

TEST_F(CheckCertificates, WhatIsAcceptedIsTrusted) {
    const std::string key =
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgV4h2KGj1YA7XhORC\n"
        "vw07oBQdHuRTsSEr5Cj1siB4S/KhRANCAAQPjlJhtK/kIItFbfBw7ZypQ19rjLB0\n"
        "l59V34kHFZkNgWlgRIMdsmljZ5GhqRO4miUbL5XGrtMjOIfEa2tBI0fS\n"
        "-----END PRIVATE KEY-----\n";
    const std::string good[] = {
        ours_,
        other_ + ours_,
        ours_ + other_,
        "\xef\xbb\xbf" + ours_,
        other_ + "\xef\xbb\xbf" + ours_,
        "# our own\n\nsubject=CN = ours\n" + ours_ + "and no more\n",
        replaced(ours_, "\n", "\r\n"),
        replaced(ours_, "\n", "  \n"),
        ours_.substr(0, ours_.size() - 1),
        replaced(ours_, " CERTIFICATE", " X509 CERTIFICATE"),
        written(&PEM_write_bio_X509_AUX),  // TRUSTED CERTIFICATE
        key + ours_,
        ours_ + key,
        ours_ + "\\n\n" + other_,
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n" + ours_,
    };
    for (const auto& text : good) {
        EXPECT_EQ(refusal(text), "") << text;
        EXPECT_TRUE(trusted(text)) << text;
    }
}

struct BadRow {
    std::string text;
    std::string why;
};

TEST_F(CheckCertificates, WhatIsWrongIsNamedWithItsBlockAndLine) {
    const auto glued = replaced(ours_ + other_, "-----\n-----BEGIN", "----------BEGIN");
    const auto lines = std::to_string(std::ranges::count(ours_, '\n') + 1);
    const auto half = ours_.substr(0, ours_.size() / 2);
    auto flipped = ours_;
    flipped[100] = flipped[100] == '*' ? '+' : '*';
    const BadRow rows[] = {
        {"", "is empty"},
        {"nonsense\n", "holds no PEM CERTIFICATE: no line -----BEGIN CERTIFICATE-----"},
        {written(&i2d_X509_bio), "openssl x509 -inform DER -in FILE"},
        {"\xff\xfe-\0-", "is UTF-16"},
        {replaced(ours_, "\n", "\\n"), "block 1, line 1: it has the two characters \\n"},
        {replaced(ours_, "\n", "\\n") + "\n", "block 1, line 1: it has the two characters \\n"},
        {indented(ours_), "block 1, line 1: it is indented"},
        {ours_ + indented(ours_), "block 2, line " + lines + ": it is indented"},
        {"x" + ours_, "block 1, line 1: it does not begin its line"},
        {glued, "block 2, line " + std::to_string(std::ranges::count(ours_, '\n')) +
                    ": it begins in the line that ends the block before"},
        {replaced(ours_, "\n", " "), "block 1, line 1: its lines are not apart"},
        {half, "block 1, line 1: it has no line -----END CERTIFICATE-----"},
        {half + "\n" + ours_, "block 1, line 1: it has no line -----END CERTIFICATE-----"},
        {flipped, "block 1, line 1: not a certificate (libcrypto: "},
        {other_ + flipped, ": not a certificate (libcrypto: "},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "block 1, line 1: not a certificate (libcrypto: "},
        {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "block 1, line 1: not a"},
        {"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
         "line 1: a PKCS#7 bundle; unpack it"},
        {ours_ + "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
         "block 2, line " + lines + ": a PKCS#7 bundle"},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
         "holds no PEM CERTIFICATE, but: PRIVATE KEY"},
        {replaced(ours_, "CERTIFICATE", "CERTIFICATE REQUEST"),
         "holds no PEM CERTIFICATE, but: CERTIFICATE REQUEST"},
        {replaced(ours_, "-----BEGIN ", "----BEGIN "), "holds no PEM CERTIFICATE"},
    };
    for (const auto& row : rows) {
        EXPECT_NE(refusal(row.text).find(row.why), std::string::npos)
            << refusal(row.text) << " for\n"
            << row.text;
    }
}

// So that a refusal costs nobody a file that works today: libcurl takes none of these whole.
TEST_F(CheckCertificates, WhatIsRefusedIsNotTrustedOrLosesACertificate) {
    for (const auto& text : {replaced(ours_, "\n", "\\n"), indented(ours_), "x" + ours_,
                             replaced(other_ + ours_, "-----\n-----BEGIN", "----------BEGIN"),
                             replaced(ours_, "\n", " "), other_ + indented(ours_)}) {
        EXPECT_NE(refusal(text), "") << text;
        EXPECT_FALSE(trusted(text)) << text;
    }
}

}  // namespace
}  // namespace bulkhead::worker
