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

// Each cause has words of its own, with the address and the key to set.
void expect_words(const std::string& trouble, std::initializer_list<std::string_view> parts) {
    for (const auto part : parts) {
        EXPECT_NE(trouble.find(part), std::string::npos) << part << "\nis not in: " << trouble;
    }
    EXPECT_EQ(trouble.find("SSH"), std::string::npos) << trouble;
}

std::string at(const ReferenceBackend& backend) {
    return "127.0.0.1:" + std::to_string(backend.port());
}

TEST_F(TlsTest, AnUnknownAuthorityIsNamedAndTheKeyThatNamesAuthorities) {
    auto settings = test::settings_for(backend_);
    settings.ca_pem.clear();
    expect_words(outcome(settings), {"the certificate of " + at(backend_) +
                                         " is by no authority of /etc/ssl/certs (its issuer is ",
                                     "name the file with its certificate in ca_file"});
    settings.ca_pem = bulkhead::test::content_of(*backend_.wrong_ca_file());
    expect_words(outcome(settings),
                 {"is by no authority of ca_file", "into the file that ca_file of agent.yaml"});
}

TEST_F(TlsTest, AWrongPinIsToldWithTheOneThatWasSeen) {
    auto settings = test::settings_for(backend_);
    settings.pinned_key = "sha256//" + std::string(43, 'A') + "=";
    Caller caller(settings);
    caller.trouble({.path = "/health"});
    expect_words(caller.trouble({.path = "/health"}), {"but " + backend_.pin() + ";"});
    expect_words(outcome(settings), {"the key of " + at(backend_) + " is not the one of pinned_key",
                                     "but " + backend_.pin() + ";"});
}

TEST(TlsServer, AFlawedCertificateIsNamedByItsFlaw) {
    using Flaw = CertificateAuthority::Flaw;
    const auto words = [](Flaw flaw, auto... parts) {
        ReferenceBackend backend({.certificate_flaw = flaw});
        ASSERT_TRUE(backend.start());
        Caller caller(test::settings_for(backend));
        // A session that was resumed would show no certificate.
        for (int i = 0; i < 3; ++i) {
            expect_words(caller.trouble({.path = "/health"}),
                         {"the certificate of " + at(backend), parts...});
        }
    };
    words(Flaw::expired, " expired 20", "renew it, or this host's clock (20", ") is wrong");
    words(Flaw::not_yet_valid, " is not valid before 20", "or this host's clock (20");
    words(Flaw::wrong_name, "is for elsewhere.example, not for 127.0.0.1", "url of agent");
}

TEST(TlsServer, ARefusedClientCertificateIsNotCalledALostConnection) {
    ReferenceBackend backend({.client_certificates = true});
    ReferenceBackend stranger;
    ASSERT_TRUE(backend.start());
    ASSERT_TRUE(stranger.start());
    auto settings = test::settings_for(backend);
    expect_words(Caller(settings).trouble({.path = "/health"}),
                 {at(backend) + " wants a client certificate: TLS alert certificate required",
                  "set client_certificate_file"});
    settings.client_certificate_pem =
        bulkhead::test::content_of(stranger.client_certificate_file());
    settings.client_key_pem = Secret(bulkhead::test::content_of(stranger.client_key_file()));
    expect_words(Caller(settings).trouble({.path = "/health"}),
                 {at(backend) + " refuses the client certificate of client_certificate_file"});
}

TEST(TlsServer, OneSchemeAtThePortOfTheOtherIsNamed) {
    ReferenceBackend plain({.tls = false});
    ASSERT_TRUE(plain.start());
    expect_words(Caller({.base_url = "https://" + at(plain)}).trouble({.path = "/health"}),
                 {at(plain) + " does not speak TLS; is this port http"});
    ReferenceBackend tls;
    ASSERT_TRUE(tls.start());
    expect_words(Caller({.base_url = "http://" + at(tls)}).trouble({.path = "/health"}),
                 {at(tls), "is this port https?"});
}

TEST(TlsServer, NobodyThereIsSaidInSoManyWords) {
    std::string url;
    {
        ReferenceBackend backend;
        ASSERT_TRUE(backend.start());
        url = backend.url();
    }
    expect_words(Caller({.base_url = url}).trouble({.path = "/health"}),
                 {"nobody listens on 127.0.0.1:", "url of agent.yaml"});
    expect_words(Caller({.base_url = "https://nobody.invalid"}).trouble({.path = "/health"}),
                 {"no address was found for the name nobody.invalid;", "getent hosts"});
    Caller proxied(
        {.base_url = "https://be.example", .proxy = parse_proxy("http" + url.substr(5)).value()});
    expect_words(proxied.trouble({.path = "/health"}), {"nobody listens on the proxy 127.0.0.1:"});
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
