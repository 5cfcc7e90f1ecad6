// Whom the client trusts.
#include <gtest/gtest.h>

#include "tests/support/files.hpp"
#include "tests/worker/backend/caller.hpp"

namespace bulkhead::worker {
namespace {

using reference::CertificateAuthority;
using reference::ReferenceBackend;
using test::Caller;

class TlsTest : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(backend_.start()); }
    static std::string outcome(HttpSettings settings) {
        return Caller(std::move(settings)).trouble({.path = "/health"});
    }

    ReferenceBackend backend_;
};

TEST_F(TlsTest, TheConfiguredAuthorityIsTrusted) {
    EXPECT_EQ(outcome(test::settings_for(backend_)), "status 200");
}

TEST_F(TlsTest, AnotherAuthorityIsNot) {
    auto settings = test::settings_for(backend_);
    settings.ca_pem = bulkhead::test::content_of(*backend_.wrong_ca_file());
    EXPECT_NE(outcome(settings).find("certificate"), std::string::npos) << outcome(settings);
    EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(TlsTest, TheSystemsAuthoritiesDoNotKnowThisOne) {
    auto settings = test::settings_for(backend_);
    settings.ca_pem.clear();
    EXPECT_NE(outcome(settings).find("certificate"), std::string::npos);
}

TEST_F(TlsTest, NonsenseInPlaceOfAnAuthorityIsAnError) {
    auto settings = test::settings_for(backend_);
    settings.ca_pem = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
    EXPECT_FALSE(outcome(settings).starts_with("status")) << outcome(settings);
}

TEST_F(TlsTest, APinnedKeyMustMatchToo) {
    auto settings = test::settings_for(backend_);
    settings.pinned_key = backend_.pin();
    EXPECT_EQ(outcome(settings), "status 200");
    settings.pinned_key = "sha256//" + std::string(43, 'A') + "=";
    EXPECT_FALSE(outcome(settings).starts_with("status"));
    settings.pinned_key = backend_.pin();
    settings.ca_pem = bulkhead::test::content_of(*backend_.wrong_ca_file());
    EXPECT_FALSE(outcome(settings).starts_with("status")) << "the pin alone is not enough";
}

TEST(TlsServer, AFlawedCertificateIsRefused) {
    using Flaw = CertificateAuthority::Flaw;
    for (const auto flaw : {Flaw::expired, Flaw::not_yet_valid, Flaw::wrong_name}) {
        ReferenceBackend backend({.certificate_flaw = flaw});
        ASSERT_TRUE(backend.start());
        EXPECT_FALSE(
            Caller(test::settings_for(backend)).trouble({.path = "/health"}).starts_with("status"));
    }
}

TEST(TlsServer, AClientCertificateIsShownWhenThereIsOne) {
    ReferenceBackend backend({.client_certificates = true});
    ASSERT_TRUE(backend.start());
    auto settings = test::settings_for(backend);
    EXPECT_FALSE(Caller(settings).trouble({.path = "/health"}).starts_with("status"));
    settings.client_certificate_pem = bulkhead::test::content_of(backend.client_certificate_file());
    settings.client_key_pem = Secret(bulkhead::test::content_of(backend.client_key_file()));
    EXPECT_EQ(Caller(settings).trouble({.path = "/health"}), "status 200");
}

TEST(TlsServer, AClientCertificateIsReplacedWithoutARestart) {
    ReferenceBackend backend({.client_certificates = true});
    ReferenceBackend stranger;  // whose CA this server does not know
    ASSERT_TRUE(backend.start());
    ASSERT_TRUE(stranger.start());
    Caller caller(test::settings_for(backend));
    const auto show = [&caller](const ReferenceBackend& of) {
        caller.client().use_client_certificate(
            bulkhead::test::content_of(of.client_certificate_file()),
            Secret(bulkhead::test::content_of(of.client_key_file())));
    };
    EXPECT_FALSE(caller.trouble({.path = "/health"}).starts_with("status"));
    show(backend);
    EXPECT_EQ(caller.trouble({.path = "/health"}), "status 200");
    show(stranger);
    EXPECT_FALSE(caller.trouble({.path = "/health"}).starts_with("status"))
        << "not even on the connection that was kept";
    show(backend);
    EXPECT_EQ(caller.trouble({.path = "/health"}), "status 200");
}

TEST(TlsServer, AnHttpsAddressNeverFallsBackToPlainHttp) {
    ReferenceBackend backend({.tls = false});
    ASSERT_TRUE(backend.start());
    auto url = backend.url();
    url.replace(0, 4, "https");
    EXPECT_FALSE(Caller({.base_url = url}).trouble({.path = "/health"}).starts_with("status"));
}

}  // namespace
}  // namespace bulkhead::worker
